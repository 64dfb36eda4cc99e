import { createRoute, type OpenAPIHono } from "@hono/zod-openapi";
import type { Deps } from "../answer.ts";
import { failure, json } from "../schemas/answer.ts";
import { hostCheck, hostInfo, version } from "../schemas/host.ts";

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

/** The host and the version. */
export function hostRoutes(app: OpenAPIHono, { engine }: Deps): void {
  app.openapi(versionRoute, async (c) => c.json(await engine.version(), 200));
  app.openapi(info, async (c) => c.json(await engine.host.info(), 200));
  app.openapi(check, async (c) => c.json(await engine.host.check(), 200));
}
