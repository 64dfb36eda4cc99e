import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Engine } from "../../engine/index.ts";
import type { OperationRecord } from "../../spec/operation.ts";
import { type Deps, type Given, given, operationAnswer } from "../answer.ts";
import { optionalBody } from "../schemas/answer.ts";
import { powerRequest } from "../schemas/container.ts";
import { waiting } from "../schemas/query.ts";
import { worked } from "./container.ts";

type Asked = Given<z.infer<typeof powerRequest>>;

/** What each verb does; the routes are made from it. */
const VERBS: Record<string, (it: Engine["containers"], name: string, o: Asked) => OperationRecord> = {
  start: (it, name, o) => it.start(name, o),
  stop: (it, name, o) => it.stop(name, o),
  restart: (it, name, o) => it.restart(name, o),
  freeze: (it, name) => it.freeze(name),
  thaw: (it, name) => it.thaw(name),
};

/** Starting, stopping, freezing. */
export function powerRoutes(app: OpenAPIHono, deps: Deps): void {
  for (const [verb, act] of Object.entries(VERBS)) {
    const route = createRoute({
      method: "post",
      path: `/v1/containers/{name}/${verb}`,
      tags: ["containers"],
      request: {
        params: z.object({ name: z.string() }),
        query: waiting,
        body: optionalBody(powerRequest),
      },
      responses: worked,
    });
    app.openapi(route, (c) => {
      const asked = given((c.req.valid("json") as Asked | undefined) ?? {});
      const record = act(deps.engine.containers, c.req.valid("param").name, asked);
      return operationAnswer(c, deps, record, c.req.valid("query").wait);
    });
  }
}
