import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Deps } from "../answer.ts";
import { failure, json } from "../schemas/answer.ts";
import { counter } from "../schemas/counter.ts";

const tags = ["levels"];

const all = createRoute({
  method: "get",
  path: "/v1/counters",
  tags,
  request: {
    query: z.object({
      container: z.string().optional().describe("Names, divided by commas; all that run when absent"),
    }),
  },
  responses: { 200: json(z.array(counter), "What is held and what was refused, by level"), ...failure },
});

const one = createRoute({
  method: "get",
  path: "/v1/containers/{name}/counters",
  tags,
  request: { params: z.object({ name: z.string() }) },
  responses: { 200: json(z.array(counter), "The same of one container"), ...failure },
});

/** Counters of levels. */
export function counterRoutes(app: OpenAPIHono, { engine }: Deps): void {
  app.openapi(all, async (c) => {
    const names = c.req.valid("query").container?.split(",").filter(Boolean);
    return c.json(await engine.counters.list(names), 200);
  });
  app.openapi(one, async (c) => c.json(await engine.counters.list([c.req.valid("param").name]), 200));
}
