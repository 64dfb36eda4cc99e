import { z } from "@hono/zod-openapi";

/** `true` or `false` in a query. */
export const flag = z
  .enum(["true", "false"])
  .transform((text) => text === "true")
  .optional()
  .openapi({ type: "boolean" });

/** A whole number, 0 or more, in a query. */
export const whole = z
  .string()
  .regex(/^\d{1,15}$/, "is not a whole number")
  .transform(Number)
  .openapi({ type: "integer", minimum: 0 });

/** Seconds in a query, at most a day. */
export const seconds = z
  .string()
  .regex(/^\d{1,5}(\.\d{1,3})?$/, "is not a number of seconds")
  .transform((text) => Math.min(Number(text), 86_400))
  .openapi({ type: "number", minimum: 0, maximum: 86_400 });

/** `?wait=`: how long the answer may wait for the operation's end. */
export const waiting = z.object({
  wait: seconds.optional().describe("Seconds to wait for the operation's end; 202 at once when absent"),
});

/** `?limit=&cursor=` of lists. */
export const paging = z.object({
  limit: whole.optional().describe("Most items of one page; all when absent"),
  cursor: z.string().optional().describe("`next` of the page before"),
});
