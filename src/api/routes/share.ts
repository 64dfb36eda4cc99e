import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { body, failure, json } from "../schemas/answer.ts";
import { waiting } from "../schemas/query.ts";
import { shareReport, shareRequest } from "../schemas/share.ts";
import { worked } from "./container.ts";

const tags = ["share"];

const report = createRoute({
  method: "get",
  path: "/v1/share",
  tags,
  responses: {
    200: json(shareReport, "What is shared, measured now: it takes a while with many containers"),
    ...failure,
  },
});

const run = createRoute({
  method: "post",
  path: "/v1/share",
  tags,
  request: { query: waiting, body: body(shareRequest) },
  responses: worked,
});

const undo = createRoute({
  method: "delete",
  path: "/v1/share/{name}",
  tags,
  request: { params: z.object({ name: z.string().describe("A stopped container") }), query: waiting },
  responses: worked,
});

/** Files that containers share besides their images. */
export function shareRoutes(app: OpenAPIHono, deps: Deps): void {
  const { share } = deps.engine;
  app.openapi(report, async (c) => c.json(await share.report(c.req.raw.signal), 200));
  app.openapi(run, (c) => {
    const { containers, atStart } = c.req.valid("json");
    const record = share.run(given({ names: containers, atStart }));
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
  app.openapi(undo, (c) =>
    operationAnswer(c, deps, share.undo(c.req.valid("param").name), c.req.valid("query").wait),
  );
}
