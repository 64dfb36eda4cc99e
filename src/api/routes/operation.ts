import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { OperationRecord } from "../../spec/operation.ts";
import { OPERATION_STATES } from "../../spec/operation.ts";
import { type Deps, given } from "../answer.ts";
import { page } from "../page.ts";
import { failure, json, pageOf } from "../schemas/answer.ts";
import { operation } from "../schemas/operation.ts";
import { paging, seconds } from "../schemas/query.ts";

const tags = ["operations"];
const path = "/v1/operations/{id}";
const params = z.object({ id: z.string() });
const found = { 200: json(operation, "The operation"), ...failure };

const list = createRoute({
  method: "get",
  path: "/v1/operations",
  tags,
  request: { query: paging.extend({ state: z.enum(OPERATION_STATES).optional() }) },
  responses: { 200: json(pageOf(operation), "The operations, oldest first"), ...failure },
});
const get = createRoute({ method: "get", path, tags, request: { params }, responses: found });
const wait = createRoute({
  method: "get",
  path: `${path}/wait`,
  tags,
  description: "Answers when the operation ended, however it did, or as it is when the time is over.",
  request: { params, query: z.object({ timeout: seconds.default(60) }) },
  responses: found,
});
const cancel = createRoute({ method: "delete", path, tags, request: { params }, responses: found });

type Wire = z.input<typeof operation>;
const wire = (record: OperationRecord): Wire => record as Wire;

/** Operations: list, look, wait, cancel. */
export function operationRoutes(app: OpenAPIHono, { engine: { operations }, closing }: Deps): void {
  app.openapi(list, (c) => {
    const { state, ...asked } = c.req.valid("query");
    const { items, next } = page(operations.list(given({ state })), (item) => item.id, asked);
    return c.json({ items: items.map(wire), next }, 200);
  });
  app.openapi(get, (c) => c.json(wire(operations.get(c.req.valid("param").id)), 200));
  app.openapi(wait, async (c) => {
    const signal = AbortSignal.any([c.req.raw.signal, closing]);
    const { timeout } = c.req.valid("query");
    return c.json(wire(await operations.wait(c.req.valid("param").id, timeout * 1000, signal)), 200);
  });
  app.openapi(cancel, (c) => c.json(wire(operations.cancel(c.req.valid("param").id)), 200));
}
