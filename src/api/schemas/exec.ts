import { z } from "@hono/zod-openapi";
import { errorBody } from "./error.ts";

const size = z.number().int().min(1).max(65_535);

/** First frame of a client on `exec`. */
export const execRequest = z
  .strictObject({
    command: z.array(z.string().refine((word) => !word.includes("\0"), "holds a NUL")).min(1),
    env: z
      .record(
        z.string().regex(/^[^=\0]+$/),
        z.string().refine((text) => !text.includes("\0"), "holds a NUL"),
      )
      .optional(),
    cwd: z
      .string()
      .optional()
      .describe("When absent `/`, or the directory of an application image; `~` is the user's home"),
    user: z
      .string()
      .optional()
      .describe(
        "Name, uid, uid:gid or name:group of the guest; when absent root, or an application image's own",
      ),
    tty: z.boolean().optional(),
    columns: size.optional(),
    rows: size.optional(),
    stdin: z.boolean().optional(),
  })
  .openapi("ExecRequest");

/** First frame of a client on `console`. */
export const consoleRequest = z.strictObject({ columns: size, rows: size }).openapi("ConsoleRequest");

/** Every later text frame of a client. */
export const clientFrame = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("eof") }),
    z.strictObject({ type: z.literal("resize"), columns: size, rows: size }),
    z.strictObject({ type: z.literal("signal"), signal: z.string() }),
    z.strictObject({ type: z.literal("ack"), bytes: z.number().int().min(0) }),
  ])
  .openapi("ExecClientFrame");

/** Every text frame of the server. */
export const serverFrame = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("started") }),
    z.object({ type: z.literal("exit"), code: z.number() }),
    z.object({ type: z.literal("error"), error: errorBody }),
    z.object({ type: z.literal("ack"), bytes: z.number() }),
  ])
  .openapi("ExecServerFrame");
export type ServerFrame = z.infer<typeof serverFrame>;
