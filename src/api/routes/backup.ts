import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { WarrenError } from "../../spec/errors.ts";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { bytes, failure } from "../schemas/answer.ts";
import { flag, waiting } from "../schemas/query.ts";
import { watched } from "../stream.ts";
import { worked } from "./container.ts";

const tags = ["backup"];

const take = createRoute({
  method: "get",
  path: "/v1/containers/{name}/export",
  tags,
  description: "A container as a file (docs/backup.md), made while it is read.",
  request: {
    params: z.object({ name: z.string() }),
    query: z.object({
      snapshot: z.string().optional().describe("What it was then, instead of what it is now"),
      snapshots: flag.describe("With its snapshots"),
      since: z.string().optional().describe("Only what changed since this snapshot"),
      thin: flag.describe("Without its image"),
    }),
  },
  responses: { 200: bytes("The export"), ...failure },
});

const bring = createRoute({
  method: "post",
  path: "/v1/containers/import",
  tags,
  request: {
    query: waiting.extend({
      name: z.string().optional().describe("As it was called unless told"),
      force: flag.describe(
        "Replace what changed here since the snapshot an incremental export is told against",
      ),
      pool: z
        .string()
        .optional()
        .describe("For a new container's files; unless told the one that is set for new containers"),
      skipUnsupported: flag.describe("Leave out levels that this host can't do, rather than refusing"),
    }),
    body: {
      required: true,
      content: { "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) } },
    },
  },
  responses: worked,
});

/** Milliseconds an upload may take: a day. */
const LONGEST = 86_400_000;

/** Containers to files and back. */
export function backupRoutes(app: OpenAPIHono, deps: Deps): void {
  const { backups, operations } = deps.engine;
  app.openapi(take, async (c): Promise<never> => {
    const { name } = c.req.valid("param");
    const { snapshot, ...o } = c.req.valid("query");
    const from = snapshot === undefined ? name : `${name}/${snapshot}`;
    const stream = await backups.export(from, o, c.req.raw.signal);
    return new Response(stream, { headers: { "Content-Type": "application/octet-stream" } }) as never;
  });
  app.openapi(bring, async (c) => {
    const { wait, ...o } = c.req.valid("query");
    const content = c.req.raw.body;
    if (!content) throw new WarrenError("USAGE", "the request's body is missing", "send the export");
    const { stream, taken } = watched(content);
    const record = await backups.import({ body: stream, ...given(o) });
    // An answer given while the export still comes would cut it off.
    const ended = new AbortController();
    const over = operations.wait(record.id, LONGEST, AbortSignal.any([ended.signal, deps.closing]));
    await Promise.race([taken, over]);
    ended.abort();
    return operationAnswer(c, deps, record, wait);
  });
}
