import { z } from "@hono/zod-openapi";
import { levelValue } from "./container.ts";

export const counter = z
  .object({
    container: z.string(),
    key: z.string(),
    unit: z.string(),
    held: levelValue,
    peak: levelValue,
    limit: levelValue,
    fail: z.number().nullable().describe("Refusals since the container's start, over reboots from within"),
    firstFail: z.string().nullable(),
    lastFail: z.string().nullable(),
    lastProcess: z
      .object({ name: z.string(), pid: z.number(), time: z.string() })
      .nullable()
      .describe("The process that a refusal hit last, where the kernel tells"),
    since: z.string().nullable().describe("When the container was started"),
    reboots: z.number().describe("From within, since its start"),
    rebooted: z.string().nullable().describe("When it did so last"),
  })
  .openapi("Counter");
