import { z } from "@hono/zod-openapi";
import { OPERATION_STATES } from "../../spec/operation.ts";
import { errorBody } from "./error.ts";

export const operation = z
  .object({
    id: z.string(),
    kind: z.string(),
    targets: z.array(z.string()),
    state: z.enum(OPERATION_STATES),
    progress: z.object({
      step: z.string(),
      done: z.number(),
      total: z.number().describe("0 when unknown"),
      unit: z.enum(["bytes", "steps", "percent"]),
    }),
    result: z.unknown().optional(),
    error: errorBody.optional(),
    created: z.string(),
    updated: z.string(),
  })
  .openapi("Operation");
