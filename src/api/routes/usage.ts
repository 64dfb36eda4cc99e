import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, given } from "../answer.ts";
import { failure, json } from "../schemas/answer.ts";
import { containerUsage } from "../schemas/usage.ts";

const usage = createRoute({
  method: "get",
  path: "/v1/usage",
  tags: ["containers"],
  request: { query: z.object({ name: z.string().optional().describe("Part of the name") }) },
  responses: {
    200: json(
      z.array(containerUsage),
      "What every container uses now, by name; cheap enough to ask each second",
    ),
    ...failure,
  },
});

/** What containers use now. */
export function usageRoutes(app: OpenAPIHono, { engine }: Deps): void {
  app.openapi(usage, (c) => c.json(engine.containers.usage(given(c.req.valid("query"))), 200));
}
