import { OpenAPIHono } from "@hono/zod-openapi";
import { bodyLimit } from "hono/body-limit";
import { SEE_API, WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { printable } from "../spec/name.ts";
import type { Deps } from "./answer.ts";
import { errorResponse, requestError } from "./error.ts";
import { backupRoutes } from "./routes/backup.ts";
import { containerRoutes } from "./routes/container.ts";
import { counterRoutes } from "./routes/counter.ts";
import { daemonRoutes } from "./routes/daemon.ts";
import { eventRoutes } from "./routes/event.ts";
import { execRoutes } from "./routes/exec.ts";
import { fileRoutes } from "./routes/file.ts";
import { hostRoutes } from "./routes/host.ts";
import { imageRoutes } from "./routes/image.ts";
import { levelRoutes } from "./routes/level.ts";
import { logRoutes } from "./routes/log.ts";
import { openApiRoutes } from "./routes/openapi.ts";
import { operationRoutes } from "./routes/operation.ts";
import { poolRoutes } from "./routes/pool.ts";
import { powerRoutes } from "./routes/power.ts";
import { profileRoutes } from "./routes/profile.ts";
import { shareRoutes } from "./routes/share.ts";
import { snapshotRoutes } from "./routes/snapshot.ts";
import { usageRoutes } from "./routes/usage.ts";

/** Bytes of a JSON body; archives and files have no limit. */
const MOST_JSON = 1 << 20;
const STREAMED = /^\/v1\/(images\/import|containers\/import|containers\/[^/]+\/files)$/;

/** Every route of the API, each from its contract. */
export function createApp(deps: Deps, log: Log): OpenAPIHono {
  const app = new OpenAPIHono({
    defaultHook: (result) => {
      if (!result.success) throw requestError(result.target, result.error.issues);
    },
  });
  const limited = bodyLimit({
    maxSize: MOST_JSON,
    onError: () => {
      throw new WarrenError("USAGE", `the request's body is larger than ${MOST_JSON} bytes`, "send less");
    },
  });
  app.use((c, next) => (c.req.raw.body && !STREAMED.test(c.req.path) ? limited(c, next) : next()));
  app.onError((error) => errorResponse(error, log));
  for (const routes of [
    hostRoutes,
    backupRoutes,
    containerRoutes,
    powerRoutes,
    usageRoutes,
    levelRoutes,
    counterRoutes,
    profileRoutes,
    poolRoutes,
    fileRoutes,
    logRoutes,
    execRoutes,
    imageRoutes,
    snapshotRoutes,
    shareRoutes,
    operationRoutes,
    eventRoutes,
    daemonRoutes,
    openApiRoutes,
  ])
    routes(app, deps);
  const known = app.routes
    .filter(({ path }) => path !== "/*")
    .map(({ method, path }) => ({ method, matches: new RegExp(`^${path.replace(/:[^/]+/g, "[^/]+")}$`) }));
  app.notFound((c) => {
    const path = c.req.path;
    const methods = [
      ...new Set(known.filter(({ matches }) => matches.test(path)).map((each) => each.method)),
    ];
    if (methods.length === 0)
      return errorResponse(
        new WarrenError("NO_ROUTE", `there is nothing at ${printable(path)}`, SEE_API),
        log,
      );
    const refused = new WarrenError(
      "USAGE",
      `${c.req.method} is not for ${printable(path)}`,
      `use ${methods.join(", ")}`,
    );
    return Response.json(refused.body(), { status: 405, headers: { Allow: methods.join(", ") } });
  });
  return app;
}
