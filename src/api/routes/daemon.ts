import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Deps } from "../answer.ts";
import { failure, json } from "../schemas/answer.ts";

const stop = createRoute({
  method: "post",
  path: "/v1/daemon/stop",
  tags: ["host"],
  responses: {
    202: json(z.object({ stopping: z.literal(true) }), "The daemon ends; containers run on"),
    ...failure,
  },
});

/** The daemon itself. */
export function daemonRoutes(app: OpenAPIHono, { onStop }: Deps): void {
  app.openapi(stop, (c) => {
    // After this answer was handed over, or it would be cut off with the socket.
    setTimeout(onStop, 10);
    return c.json({ stopping: true as const }, 202);
  });
}
