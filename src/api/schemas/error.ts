import { z } from "@hono/zod-openapi";
import { ERRORS, type ErrorCode } from "../../spec/errors.ts";

/** The body of every answer that is not of the 200s. */
export const errorBody = z
  .object({
    code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]),
    message: z.string(),
    fix: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Error");
