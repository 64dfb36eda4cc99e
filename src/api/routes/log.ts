import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, given } from "../answer.ts";
import { bytes, failure } from "../schemas/answer.ts";
import { flag, whole } from "../schemas/query.ts";
import { streamOf } from "../stream.ts";

const logs = createRoute({
  method: "get",
  path: "/v1/containers/{name}/logs",
  tags: ["containers"],
  request: {
    params: z.object({ name: z.string() }),
    query: z.object({ follow: flag, lines: whole.optional().describe("Only the last lines") }),
  },
  responses: { 200: bytes("The console's log as it is", "text/plain"), ...failure },
});

/** The log of a container's console. */
export function logRoutes(app: OpenAPIHono, { engine, closing }: Deps): void {
  app.openapi(logs, async (c): Promise<never> => {
    const { name } = c.req.valid("param");
    const gone = new AbortController();
    const signal = AbortSignal.any([gone.signal, closing]);
    const pieces = engine.containers.logs(name, { ...given(c.req.valid("query")), signal });
    const iterator = pieces[Symbol.asyncIterator]();
    // The first piece is taken here, so that a wrong name is answered with its error.
    const first = await iterator.next();
    const all = async function* (): AsyncIterable<Uint8Array> {
      if (!first.done) yield first.value;
      yield* { [Symbol.asyncIterator]: () => iterator };
    };
    const stream = streamOf(all(), () => gone.abort());
    return new Response(stream, { headers: { "Content-Type": "text/plain; charset=utf-8" } }) as never;
  });
}
