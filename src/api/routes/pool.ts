import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { page } from "../page.ts";
import { body, failure, json, optionalBody, pageOf } from "../schemas/answer.ts";
import { createPool, growPool, moveRequest, pool, poolInfo } from "../schemas/pool.ts";
import { paging, waiting } from "../schemas/query.ts";
import { worked } from "./container.ts";

const tags = ["pools"];
const path = "/v1/pools/{pool}";
const params = z.object({ pool: z.string() });

const list = createRoute({
  method: "get",
  path: "/v1/pools",
  tags,
  request: { query: paging },
  responses: { 200: json(pageOf(pool), "The default pool, then the others by name"), ...failure },
});

const create = createRoute({
  method: "post",
  path: "/v1/pools",
  tags,
  request: { query: waiting, body: body(createPool) },
  responses: worked,
});

const info = createRoute({
  method: "get",
  path,
  tags,
  request: { params },
  responses: { 200: json(poolInfo, "The pool and what each container has in it"), ...failure },
});

const remove = createRoute({
  method: "delete",
  path,
  tags,
  request: { params, query: waiting },
  responses: worked,
});

const grow = createRoute({
  method: "post",
  path: `${path}/grow`,
  tags,
  request: { params, query: waiting, body: optionalBody(growPool) },
  responses: worked,
});

const preset = createRoute({
  method: "put",
  path: `${path}/default`,
  tags,
  request: { params },
  responses: { 204: { description: "New containers are made in it when nobody says where" }, ...failure },
});

const move = createRoute({
  method: "post",
  path: "/v1/containers/{name}/move",
  tags: ["containers"],
  request: { params: z.object({ name: z.string() }), query: waiting, body: body(moveRequest) },
  responses: worked,
});

/** Pools: where containers' files are. */
export function poolRoutes(app: OpenAPIHono, deps: Deps): void {
  const { containers, pools } = deps.engine;
  app.openapi(list, async (c) => {
    const all = await pools.list();
    // The default one comes first, whatever the others are called.
    const key = ({ name, kind }: (typeof all)[number]): string => (kind === "state" ? "" : name);
    return c.json(page(all, key, c.req.valid("query")), 200);
  });
  app.openapi(create, (c) =>
    operationAnswer(c, deps, pools.create(given(c.req.valid("json"))), c.req.valid("query").wait),
  );
  app.openapi(info, async (c) => c.json(await pools.info(c.req.valid("param").pool), 200));
  app.openapi(remove, (c) =>
    operationAnswer(c, deps, pools.delete(c.req.valid("param").pool), c.req.valid("query").wait),
  );
  app.openapi(grow, (c) => {
    const { size } = c.req.valid("json") ?? {};
    const record = pools.grow(c.req.valid("param").pool, size);
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
  app.openapi(preset, (c) => {
    pools.setDefault(c.req.valid("param").pool);
    return c.body(null, 204);
  });
  app.openapi(move, (c) => {
    const record = containers.move(c.req.valid("param").name, c.req.valid("json").pool);
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
}
