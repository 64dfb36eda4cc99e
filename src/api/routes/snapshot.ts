import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, operationAnswer } from "../answer.ts";
import { page } from "../page.ts";
import { body, failure, json, optionalBody, pageOf } from "../schemas/answer.ts";
import { paging, waiting } from "../schemas/query.ts";
import {
  restoreRequest,
  scheduleRequest,
  snapshotRename,
  snapshotRequest,
  snapshotSummary,
} from "../schemas/snapshot.ts";
import { worked } from "./container.ts";

const tags = ["snapshots"];
const all = "/v1/containers/{name}/snapshots";
const one = `${all}/{snapshot}`;
const name = z.object({ name: z.string() });
const params = name.extend({ snapshot: z.string() });

const list = createRoute({
  method: "get",
  path: all,
  tags,
  request: { params: name, query: paging },
  responses: { 200: json(pageOf(snapshotSummary), "The snapshots, the oldest first"), ...failure },
});

const create = createRoute({
  method: "post",
  path: all,
  tags,
  request: { params: name, query: waiting, body: optionalBody(snapshotRequest) },
  responses: worked,
});

const info = createRoute({
  method: "get",
  path: one,
  tags,
  request: { params },
  responses: { 200: json(snapshotSummary, "The snapshot"), ...failure },
});

const rename = createRoute({
  method: "patch",
  path: one,
  tags,
  request: { params, body: body(snapshotRename) },
  responses: { 200: json(snapshotSummary, "The snapshot under its new name"), ...failure },
});

const remove = createRoute({
  method: "delete",
  path: one,
  tags,
  request: { params, query: waiting },
  responses: worked,
});

const restore = createRoute({
  method: "post",
  path: `${one}/restore`,
  tags,
  request: { params, query: waiting, body: optionalBody(restoreRequest) },
  responses: worked,
});

const schedulePath = "/v1/containers/{name}/snapshot-schedule";

const schedule = createRoute({
  method: "put",
  path: schedulePath,
  tags,
  request: { params: name, body: body(scheduleRequest) },
  responses: { 200: json(scheduleRequest, "Snapshots are made by themselves"), ...failure },
});

const unschedule = createRoute({
  method: "delete",
  path: schedulePath,
  tags,
  request: { params: name },
  responses: { 204: { description: "No more are made; those made stay" }, ...failure },
});

/** Snapshots of a container: list, create, rename, delete, restore, schedule. */
export function snapshotRoutes(app: OpenAPIHono, deps: Deps): void {
  const { snapshots } = deps.engine;
  app.openapi(list, (c) =>
    c.json(
      page(snapshots.list(c.req.valid("param").name), (item) => item.id, c.req.valid("query")),
      200,
    ),
  );
  app.openapi(create, (c) => {
    const record = snapshots.create(c.req.valid("param").name, c.req.valid("json") ?? {});
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
  app.openapi(info, (c) => {
    const { name, snapshot } = c.req.valid("param");
    return c.json(snapshots.info(name, snapshot), 200);
  });
  app.openapi(rename, (c) => {
    const { name, snapshot } = c.req.valid("param");
    return c.json(snapshots.rename(name, snapshot, c.req.valid("json").name), 200);
  });
  app.openapi(remove, (c) => {
    const { name, snapshot } = c.req.valid("param");
    return operationAnswer(c, deps, snapshots.delete(name, [snapshot]), c.req.valid("query").wait);
  });
  app.openapi(restore, (c) => {
    const { name, snapshot } = c.req.valid("param");
    const record = snapshots.restore(name, snapshot, c.req.valid("json") ?? {});
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
  app.openapi(schedule, (c) => {
    const wanted = c.req.valid("json");
    snapshots.schedule(c.req.valid("param").name, wanted);
    return c.json(wanted, 200);
  });
  app.openapi(unschedule, (c) => {
    snapshots.schedule(c.req.valid("param").name, null);
    return c.body(null, 204);
  });
}
