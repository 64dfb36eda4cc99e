import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Deps } from "../answer.ts";
import { body, failure, json } from "../schemas/answer.ts";
import { catalogueRow, levelChange, levelStates, setRequest } from "../schemas/level.ts";

const tags = ["levels"];
const path = "/v1/containers/{name}/levels";
const params = z.object({ name: z.string() });

const catalogue = createRoute({
  method: "get",
  path: "/v1/levels",
  tags,
  responses: { 200: json(z.array(catalogueRow), "Every level and what this host makes of it"), ...failure },
});

const get = createRoute({
  method: "get",
  path,
  tags,
  request: { params },
  responses: { 200: json(levelStates, "The container's levels by key"), ...failure },
});

const set = createRoute({
  method: "put",
  path,
  tags,
  request: { params, body: body(setRequest) },
  responses: { 200: json(levelChange, "All were applied; on any failure none is"), ...failure },
});

/** Levels: the catalogue, and one container's. */
export function levelRoutes(app: OpenAPIHono, { engine }: Deps): void {
  app.openapi(catalogue, (c) => c.json(engine.levels.catalogue(), 200));
  app.openapi(get, async (c) => c.json(await engine.levels.get(c.req.valid("param").name), 200));
  app.openapi(set, async (c) => {
    const change = await engine.levels.set(c.req.valid("param").name, c.req.valid("json"));
    return c.json(change, 200);
  });
}
