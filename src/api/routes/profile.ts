import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { type Deps, given, operationAnswer } from "../answer.ts";
import { page } from "../page.ts";
import { body, failure, json, pageOf } from "../schemas/answer.ts";
import {
  applyProfile,
  changeProfile,
  createProfile,
  importedProfile,
  importProfile,
  profile,
} from "../schemas/profile.ts";
import { paging, waiting } from "../schemas/query.ts";
import { wantedVersion, worked } from "./container.ts";

const tags = ["profiles"];
const path = "/v1/profiles/{profile}";
const params = z.object({ profile: z.string() });
const one = { 200: json(profile, "The profile; `ETag` is its version"), ...failure };

const list = createRoute({
  method: "get",
  path: "/v1/profiles",
  tags,
  request: { query: paging },
  responses: {
    200: json(pageOf(profile), "Those that come with Warren, then the others by name"),
    ...failure,
  },
});

const create = createRoute({
  method: "post",
  path: "/v1/profiles",
  tags,
  request: { body: body(createProfile) },
  responses: one,
});

const bring = createRoute({
  method: "post",
  path: "/v1/profiles/import",
  tags,
  request: { body: body(importProfile) },
  responses: {
    200: json(importedProfile, "The profile, and what of the file has no meaning today"),
    ...failure,
  },
});

const info = createRoute({ method: "get", path, tags, request: { params }, responses: one });

const change = createRoute({
  method: "patch",
  path,
  tags,
  request: {
    params,
    headers: z.object({ "if-match": z.string().optional().describe("Only if this is still its ETag") }),
    body: body(changeProfile),
  },
  responses: { ...one, 200: json(profile, "It is kept; containers stay as they are") },
});

const remove = createRoute({
  method: "delete",
  path,
  tags,
  request: { params },
  responses: { 204: { description: "It is gone; containers stay as they are" }, ...failure },
});

const apply = createRoute({
  method: "post",
  path: `${path}/apply`,
  tags,
  description:
    "Each container is changed in a transaction of its own. The operation is done when each was tried; its `result` is an AppliedProfile.",
  request: { params, query: waiting, body: body(applyProfile) },
  responses: worked,
});

/** Profiles: named sets of levels. */
export function profileRoutes(app: OpenAPIHono, deps: Deps): void {
  const { profiles } = deps.engine;
  app.openapi(list, (c) => {
    const all = profiles.list();
    // Those that come with Warren keep their order, which is one of size.
    const ranks = new Map(all.map(({ name, builtin }, i) => [name, builtin ? `0${100 + i}` : `1${name}`]));
    return c.json(
      page(all, ({ name }) => ranks.get(name) ?? name, c.req.valid("query")),
      200,
    );
  });
  app.openapi(create, (c) => {
    const made = profiles.create(given(c.req.valid("json")));
    c.header("ETag", `"${made.version}"`);
    return c.json(made, 200);
  });
  app.openapi(bring, (c) => c.json(profiles.import(given(c.req.valid("json"))), 200));
  app.openapi(info, (c) => {
    const found = profiles.info(c.req.valid("param").profile);
    c.header("ETag", `"${found.version}"`);
    return c.json(found, 200);
  });
  app.openapi(change, (c) => {
    const version = wantedVersion(c.req.valid("header")["if-match"]);
    const changed = profiles.change(c.req.valid("param").profile, given(c.req.valid("json")), version);
    c.header("ETag", `"${changed.version}"`);
    return c.json(changed, 200);
  });
  app.openapi(remove, (c) => {
    profiles.delete(c.req.valid("param").profile);
    return c.body(null, 204);
  });
  app.openapi(apply, (c) =>
    operationAnswer(
      c,
      deps,
      profiles.apply(c.req.valid("param").profile, c.req.valid("json")),
      c.req.valid("query").wait,
    ),
  );
}
