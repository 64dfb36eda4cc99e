import { z } from "@hono/zod-openapi";
import { PROFILE_MOST } from "../../spec/profile.ts";
import { levelChange } from "./level.ts";

const texts = z.record(z.string(), z.string());
const order = z.number().int().min(-1000).max(1000).nullable();
/** One line, for people. */
const description = z
  .string()
  .max(200)
  .regex(/^[^\x00-\x1f\x7f-\x9f]*$/, "is not one line of text");

export const profile = z
  .object({
    name: z.string(),
    description: z.string(),
    levels: texts.describe("As they were written: 25% is a part of the host they are applied on"),
    priority: order.describe("Order of starting after a reboot of the host; null leaves it alone"),
    builtin: z.boolean(),
    created: z.string().nullable(),
    version: z.number(),
  })
  .openapi("Profile");

export const createProfile = z
  .strictObject({
    name: z.string(),
    from: z.string().optional().describe("A profile that gives what isn't said here"),
    description: description.optional(),
    levels: texts.optional(),
    priority: order.optional(),
  })
  .openapi("CreateProfileRequest");

export const changeProfile = z
  .strictObject({
    name: z.string().optional().describe("Its new name"),
    description: description.optional(),
    set: texts.optional(),
    unset: z.array(z.string()).optional(),
    priority: order.optional(),
  })
  .openapi("ChangeProfileRequest");

export const importProfile = z
  .strictObject({
    text: z.string().max(PROFILE_MOST).describe("Warren's form as YAML or JSON, or an OpenVZ configuration"),
    name: z.string().optional(),
    file: z
      .string()
      .max(4096)
      .optional()
      .describe("Where it came from: a name is made of it when none is said"),
    replace: z.boolean().default(false),
  })
  .openapi("ImportProfileRequest");

export const importedProfile = z
  .object({
    profile,
    leftOut: z
      .array(z.object({ name: z.string(), value: z.string(), reason: z.string() }))
      .describe("What has no meaning today"),
  })
  .openapi("ImportedProfile");

export const applyProfile = z
  .strictObject({
    containers: z.array(z.string()).min(1).max(10_000),
    save: z.boolean().default(false),
    skipUnsupported: z.boolean().default(false),
    overcommit: z.boolean().default(false),
  })
  .openapi("ApplyProfileRequest");

/** What the operation's `result` is. */
export const appliedProfile = z
  .object({
    profile: z.string(),
    outcomes: z.array(
      z.object({
        container: z.string(),
        change: levelChange.optional(),
        error: z.object({ code: z.string(), message: z.string(), fix: z.string() }).optional(),
      }),
    ),
    skipped: z.array(z.object({ key: z.string(), value: z.string(), reason: z.string() })),
  })
  .openapi("AppliedProfile");
