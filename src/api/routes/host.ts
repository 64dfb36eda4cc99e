import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import { type Deps, given } from "../answer.ts";
import { failure, json } from "../schemas/answer.ts";
import { hostCheck, hostInfo, hostSplit, splitQuery, version } from "../schemas/host.ts";

const tags = ["host"];
const get = <P extends string>(path: P) => ({ method: "get" as const, path, tags });

const versionRoute = createRoute({
  ...get("/v1/version"),
  responses: { 200: json(version, "The daemon and what it stands on"), ...failure },
});
const info = createRoute({ ...get("/v1/host"), responses: { 200: json(hostInfo, "The host"), ...failure } });
const check = createRoute({
  ...get("/v1/host/check"),
  responses: { 200: json(hostCheck, "What the host lacks and its cure"), ...failure },
});

const split = createRoute({
  ...get("/v1/host/split"),
  request: { query: splitQuery },
  responses: { 200: json(hostSplit, "Equal levels for so many containers"), ...failure },
});

/** The host and the version. */
export function hostRoutes(app: OpenAPIHono, { engine }: Deps): void {
  app.openapi(versionRoute, async (c) => c.json(await engine.version(), 200));
  app.openapi(info, async (c) => c.json(await engine.host.info(), 200));
  app.openapi(split, (c) => c.json(engine.host.split(given(c.req.valid("query"))), 200));
  app.openapi(check, async (c) => c.json(await engine.host.check(), 200));
}
