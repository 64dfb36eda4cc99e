import { z } from "@hono/zod-openapi";
import { levelValue, overcommit } from "./container.ts";

export const levelState = z
  .object({ wanted: levelValue, effective: levelValue, saved: levelValue, pending: levelValue })
  .openapi("LevelState");

export const levelStates = z.record(z.string(), levelState);

export const setRequest = z
  .strictObject({
    set: z.record(z.string(), z.string()),
    save: z.boolean().default(false),
    dryRun: z.boolean().default(false),
    overcommit,
  })
  .openapi("SetLevelsRequest");

export const levelChange = z
  .object({
    applied: z.record(z.string(), levelValue),
    saved: z.boolean(),
    pending: z.array(z.string()),
    note: z.string(),
    plan: z
      .array(
        z.object({
          key: z.string(),
          action: z.enum(["write", "reclaim"]),
          file: z.string(),
          from: z.string(),
          to: z.string(),
        }),
      )
      .optional()
      .describe("Only with dryRun"),
  })
  .openapi("LevelChange");

export const catalogueRow = z
  .object({
    key: z.string(),
    group: z.string(),
    title: z.string(),
    unit: z.string(),
    live: z.boolean(),
    supported: z.boolean(),
    reason: z.string().optional(),
    depends: z.string().optional().describe("For which containers it is not supported, and why"),
    enforcement: z.string(),
    alias: z.string().optional(),
    default: levelValue,
    help: z.string(),
    range: z.object({ min: z.number().nullable(), max: z.number().nullable(), unlimited: z.boolean() }),
    forms: z.string(),
  })
  .openapi("Level");
