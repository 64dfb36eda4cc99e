import type { Engine } from "../engine/index.ts";
import type { Deps } from "./answer.ts";
import { createApp } from "./app.ts";
import { describeRoutes } from "./routes/openapi.ts";

/** Registering routes takes the rooms of the engine apart, but calls none of them. */
const NOTHING: Deps = {
  engine: new Proxy({} as Engine, { get: () => ({}) }),
  onStop: () => undefined,
  closing: new AbortController().signal,
};

/** The OpenAPI 3.1 document of every route; the same on every host. */
export const renderOpenApi = (): object => describeRoutes(createApp(NOTHING, () => undefined));

if (import.meta.main) console.log(JSON.stringify(renderOpenApi(), null, 2));
