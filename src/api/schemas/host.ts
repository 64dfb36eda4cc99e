import { z } from "@hono/zod-openapi";
import { RESOURCES } from "../../spec/host.ts";
import { whole } from "./query.ts";

export const version = z
  .object({
    version: z.string(),
    api: z.literal("v1"),
    lxc: z.string(),
    kernel: z.string(),
    cgroup: z.enum(["v1", "v2"]),
  })
  .openapi("Version");

const share = z.object({
  amount: z.number(),
  ratio: z.number().nullable().describe("Of the host's capacity; more than 1 is overcommitted"),
});

const commitment = z
  .object({
    capacity: z.number().describe("Bytes, CPUs, processes and threads"),
    held: share.nullable().describe("Used now"),
    guaranteed: share.describe("Kept for containers whatever happens"),
    protected: share.describe("Kept for containers while others can give way"),
    promised: share.describe("What containers may take at most, each no more than the host has"),
    unlimited: z.number().describe("Containers without a limit, counted in `promised` with the whole host"),
  })
  .openapi("Commitment");

export const hostInfo = z
  .looseObject({ commitment: z.object(Object.fromEntries(RESOURCES.map((each) => [each, commitment]))) })
  .openapi("HostInfo");

/** More than any host of today runs. */
const MOST_CONTAINERS = 100_000;

export const splitQuery = z.object({
  containers: whole.refine((n) => n >= 1 && n <= MOST_CONTAINERS, `is not 1 to ${MOST_CONTAINERS}`),
  reserve: z.string().optional().describe("Memory kept for the host: 2G or 10%; a tenth unless told"),
  oversell: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3})?$/, "is not a number")
    .transform(Number)
    .refine((n) => n >= 1 && n <= 100, "is not 1 to 100")
    .optional()
    .openapi({ type: "number", minimum: 1, maximum: 100 })
    .describe("How many times its share each may take while others leave it idle"),
});

export const hostSplit = z
  .object({
    containers: z.number(),
    reserved: z.object({ memory: z.number(), pids: z.number(), disk: z.number() }),
    oversell: z.number(),
    levels: z.record(z.string(), z.string()),
  })
  .openapi("HostSplit");

export const hostCheck = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        state: z.enum(["ok", "warn", "missing"]),
        message: z.string(),
        fix: z.string(),
      }),
    ),
  })
  .openapi("HostCheck");
