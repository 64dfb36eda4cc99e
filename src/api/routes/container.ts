import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { WarrenError } from "../../spec/errors.ts";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { page } from "../page.ts";
import { body, failure, json, pageOf } from "../schemas/answer.ts";
import {
  bootRequest,
  containerInfo,
  containerSummary,
  copyRequest,
  createRequest,
  renameRequest,
  state,
} from "../schemas/container.ts";
import { operation } from "../schemas/operation.ts";
import { flag, paging, waiting } from "../schemas/query.ts";

const tags = ["containers"];
const name = z.object({ name: z.string() });
/** Answers of a request that makes an operation. */
export const worked = {
  200: json(operation, "The operation ended in the time given by `wait`"),
  202: json(operation, "The operation is under way; `Location` tells where"),
  ...failure,
};

const list = createRoute({
  method: "get",
  path: "/v1/containers",
  tags,
  request: {
    query: paging.extend({
      state: state.optional(),
      image: z.string().optional(),
      name: z.string().optional().describe("Part of the name"),
    }),
  },
  responses: { 200: json(pageOf(containerSummary), "The containers by name"), ...failure },
});

const create = createRoute({
  method: "post",
  path: "/v1/containers",
  tags,
  request: { query: waiting, body: body(createRequest) },
  responses: worked,
});

const info = createRoute({
  method: "get",
  path: "/v1/containers/{name}",
  tags,
  request: { params: name },
  responses: { 200: json(containerInfo, "The container; `ETag` is its version"), ...failure },
});

const rename = createRoute({
  method: "patch",
  path: "/v1/containers/{name}",
  tags,
  request: {
    params: name,
    query: waiting,
    headers: z.object({ "if-match": z.string().optional().describe("Only if this is still its ETag") }),
    body: body(renameRequest),
  },
  responses: worked,
});

const remove = createRoute({
  method: "delete",
  path: "/v1/containers/{name}",
  tags,
  request: { params: name, query: waiting.extend({ force: flag.describe("Also while it runs") }) },
  responses: worked,
});

const copy = createRoute({
  method: "post",
  path: "/v1/containers/{name}/copy",
  tags,
  request: { params: name, query: waiting, body: body(copyRequest) },
  responses: worked,
});

const boot = createRoute({
  method: "put",
  path: "/v1/containers/{name}/boot",
  tags,
  request: { params: name, body: body(bootRequest) },
  responses: { 200: { description: "It is kept", content: { "application/json": { schema: bootRequest } } } },
});

/** The version that `If-Match` asks for; `undefined` when any will do. Throws USAGE. */
export function wantedVersion(header: string | undefined): number | undefined {
  if (header === undefined || header === "*") return undefined;
  const found = /^"(\d{1,15})"$/.exec(header);
  if (found) return Number(found[1]);
  throw new WarrenError(
    "USAGE",
    "If-Match is not an ETag of a container",
    "send it as it came, with its quotes",
  );
}

/** Containers: list, create, look, rename, copy, delete. */
export function containerRoutes(app: OpenAPIHono, deps: Deps): void {
  const { containers } = deps.engine;
  app.openapi(list, (c) => {
    const { limit, cursor, ...filter } = c.req.valid("query");
    return c.json(
      page(containers.list(given(filter)), (item) => item.name, { limit, cursor }),
      200,
    );
  });
  app.openapi(create, (c) =>
    operationAnswer(c, deps, containers.create(c.req.valid("json")), c.req.valid("query").wait),
  );
  app.openapi(info, async (c) => {
    const found = await containers.info(c.req.valid("param").name);
    c.header("ETag", `"${found.version}"`);
    return c.json(found, 200);
  });
  app.openapi(rename, (c) => {
    const version = wantedVersion(c.req.valid("header")["if-match"]);
    const record = containers.rename(c.req.valid("param").name, c.req.valid("json").name, version);
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
  app.openapi(remove, (c) => {
    const { wait, force } = c.req.valid("query");
    return operationAnswer(c, deps, containers.delete(c.req.valid("param").name, given({ force })), wait);
  });
  app.openapi(boot, (c) => {
    const { priority } = c.req.valid("json");
    containers.setPriority(c.req.valid("param").name, priority);
    return c.json({ priority }, 200);
  });
  app.openapi(copy, (c) => {
    const { name } = c.req.valid("param");
    const { to, snapshot, pool } = c.req.valid("json");
    const from = snapshot === undefined ? name : `${name}/${snapshot}`;
    const record = containers.copy(from, to, given({ pool }));
    return operationAnswer(c, deps, record, c.req.valid("query").wait);
  });
}
