import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { failure, json } from "../schemas/answer.ts";

const route = createRoute({
  method: "get",
  path: "/v1/openapi.json",
  tags: ["host"],
  responses: { 200: json(z.record(z.string(), z.unknown()), "This document"), ...failure },
});

/** The OpenAPI 3.1 document of all routes that `app` has. */
export function describeRoutes(app: OpenAPIHono): Record<string, unknown> {
  const document = app.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Warren",
      version: "v1",
      description:
        "The API of the Warren daemon, on a unix socket. Errors carry code, message, fix and details.",
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "http://warren", description: "The unix socket; the host name does not matter" }],
  });
  return document as unknown as Record<string, unknown>;
}

/** The API's own description; made when it is first asked for, so that the start pays nothing for it. */
export function openApiRoutes(app: OpenAPIHono): void {
  let made: Record<string, unknown> | undefined;
  app.openapi(route, (c) => {
    made ??= describeRoutes(app);
    return c.json(made, 200);
  });
}
