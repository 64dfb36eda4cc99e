import { z } from "@hono/zod-openapi";
import { POOL_FORMATS, POOL_KINDS } from "../../spec/pool.ts";

const amount = z.number().nullable();

const shape = z.object({
  name: z.string(),
  kind: z.enum(POOL_KINDS),
  type: z.string().describe("The file system's type; empty while it is not there"),
  path: z.string(),
  source: z.string().nullable().describe("The file or device"),
  missing: z.string().nullable().describe("Why nothing in it can be used now"),
  isDefault: z.boolean().describe("Whether new containers are made in it when nobody says where"),
  capabilities: z.object({
    spaceQuota: z.boolean(),
    inodeQuota: z.boolean(),
    dfShowsQuota: z.boolean(),
    cheapSnapshot: z.boolean(),
  }),
  room: z
    .object({
      size: z.number(),
      used: z.number(),
      free: z.number(),
      files: z.number(),
      filesFree: z.number(),
    })
    .nullable()
    .describe("Bytes and files of its file system"),
  containers: z.number(),
  created: z.string().nullable(),
});

export const pool = shape.openapi("Pool");

export const poolInfo = shape
  .extend({
    use: z.array(
      z.object({
        container: z.string(),
        space: amount,
        files: amount,
        spaceLimit: amount,
        filesLimit: amount,
      }),
    ),
    promised: z.number().describe("Sum of the space limits of its containers, in bytes"),
    unlimited: z.number().describe("Containers without one"),
  })
  .openapi("PoolInfo");

export const createPool = z
  .strictObject({
    name: z.string(),
    path: z.string().max(1024).optional().describe("An empty directory"),
    device: z.string().max(1024).optional().describe("A block device"),
    size: z.number().int().positive().optional().describe("Bytes of a file that holds the pool"),
    format: z.enum(POOL_FORMATS).optional().describe("The best that the host can mount when absent"),
    preallocate: z.boolean().optional().describe("Take the file's blocks now"),
    force: z.boolean().optional().describe("Also when something is on the device; it is lost"),
  })
  .openapi("CreatePoolRequest");

export const growPool = z
  .strictObject({ size: z.number().int().positive().optional().describe("Bytes; absent for a device") })
  .openapi("GrowPoolRequest");

export const moveRequest = z.strictObject({ pool: z.string() }).openapi("MoveRequest");
