import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { WarrenEvent } from "../../spec/event.ts";
import type { Deps } from "../answer.ts";
import { bytes, failure } from "../schemas/answer.ts";
import { event } from "../schemas/event.ts";
import { flag, whole } from "../schemas/query.ts";
import { streamOf, withHeartbeat } from "../stream.ts";

/** Milliseconds of silence after which a follower of server-sent events is told that the line is alive. */
const HEARTBEAT = 15_000;

const sse = bytes("Server-sent events when the client accepts them, with id = seq", "text/event-stream");
const events = createRoute({
  method: "get",
  path: "/v1/events",
  tags: ["events"],
  request: {
    query: z.object({ since: whole.optional().describe("Only events after this number"), follow: flag }),
    headers: z.object({ "last-event-id": whole.optional().describe("Goes before `since`") }),
  },
  responses: {
    200: { ...sse, content: { ...sse.content, "application/x-ndjson": { schema: event } } },
    ...failure,
  },
});

/** One event as server-sent events want it. */
const frame = (it: WarrenEvent): string =>
  `id: ${it.seq}\nevent: ${it.type}\ndata: ${JSON.stringify(it)}\n\n`;

/** Events, stored and as they happen. */
export function eventRoutes(app: OpenAPIHono, { engine, closing }: Deps): void {
  const encoder = new TextEncoder();
  app.openapi(events, (c): never => {
    const query = c.req.valid("query");
    const since = c.req.valid("header")["last-event-id"] ?? query.since ?? 0;
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, closing]);
    const source = engine.events.stream({ since, follow: query.follow ?? false, signal });
    const served = c.req.header("accept")?.includes("text/event-stream") ?? false;
    const lines = async function* (): AsyncIterable<Uint8Array> {
      // The status line leaves with the first bytes, so there must be some at once.
      if (served) yield encoder.encode(": events\n\n");
      for await (const it of withHeartbeat<WarrenEvent | null>(source, HEARTBEAT, null)) {
        if (it) yield encoder.encode(served ? frame(it) : `${JSON.stringify(it)}\n`);
        else if (served) yield encoder.encode(":\n\n");
      }
    };
    const type = served ? "text/event-stream" : "application/x-ndjson";
    const stream = streamOf(lines(), () => gone.abort());
    return new Response(stream, { headers: { "Content-Type": type, "Cache-Control": "no-store" } }) as never;
  });
}
