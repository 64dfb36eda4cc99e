import { z } from "@hono/zod-openapi";
import { flag } from "./query.ts";

export const fileStat = z
  .object({
    name: z.string(),
    type: z.enum(["file", "directory", "symlink", "other"]),
    size: z.number(),
    mode: z.number(),
    uid: z.number(),
    gid: z.number(),
    mtime: z.string(),
    target: z.string().optional(),
  })
  .openapi("FileStat");

const path = z.string().startsWith("/", "must begin with /").describe("Absolute path in the container");

const id = z
  .string()
  .regex(/^\d{1,5}$/, "is not an id of the container")
  .default("0")
  .transform(Number)
  .openapi({ type: "integer", minimum: 0, maximum: 65_535 });

export const readQuery = z.object({ path, archive: z.enum(["tar"]).optional() });

export const writeQuery = z.object({
  path,
  mode: z
    .string()
    .regex(/^[0-7]{3,5}$/, "is not an octal mode")
    .default("0644")
    .transform((text) => Number.parseInt(text, 8) & 0o7777),
  uid: id,
  gid: id,
  makeParents: flag,
});

export const pathQuery = z.object({ path });
