import { z } from "@hono/zod-openapi";

/** Ten years: longer is for ever. */
const LONGEST = 315_360_000;

export const snapshotSummary = z
  .object({
    name: z.string(),
    container: z.string(),
    comment: z.string(),
    created: z.string(),
    expires: z.string().nullable().describe("When the daemon takes it away"),
    by: z.enum(["hand", "schedule"]),
    method: z.enum(["instant", "copy"]).describe("Whether the file system made it in one step"),
    image: z.string(),
    id: z.string(),
  })
  .openapi("Snapshot");

export const snapshotRequest = z
  .strictObject({
    name: z.string().optional().describe("snap0, snap1, ... unless told"),
    comment: z.string().optional(),
    expires: z.number().positive().max(LONGEST).optional().describe("Seconds until it is taken away"),
  })
  .openapi("SnapshotRequest");

export const snapshotRename = z.strictObject({ name: z.string() }).openapi("SnapshotRename");

export const restoreRequest = z
  .strictObject({
    force: z.boolean().optional().describe("Also while it runs: it is killed and started again"),
    filesOnly: z.boolean().optional().describe("The saved levels stay as they are now"),
  })
  .openapi("RestoreRequest");

export const scheduleRequest = z
  .strictObject({
    every: z.number().max(LONGEST).describe("Seconds from one snapshot to the next, 60 or more"),
    keep: z.number().int().describe("How many are kept, 1 to 1000"),
  })
  .openapi("SnapshotSchedule");
