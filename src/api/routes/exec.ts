import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { WarrenError } from "../../spec/errors.ts";
import { failure } from "../schemas/answer.ts";
import { clientFrame, consoleRequest, execRequest, serverFrame } from "../schemas/exec.ts";

const params = z.object({ name: z.string() });
const switched = (description: string) => ({ 101: { description }, ...failure });

const FRAMES =
  "Frames: binary from the server, first byte 1 (stdout) or 2 (stderr), then data; binary from the client, first byte " +
  "0 (stdin), then data; text is JSON. The server sends started, then exit {code} or error {error} as its last frame. " +
  "Either side has at most 1 MiB of data on its way that was not acknowledged by {type: ack, bytes}.";

const exec = createRoute({
  method: "get",
  path: "/v1/containers/{name}/exec",
  tags: ["containers"],
  description: `A WebSocket; the first frame of the client is an ExecRequest. ${FRAMES}`,
  request: { params },
  responses: switched("A command in the container"),
});

const consoleRoute = createRoute({
  method: "get",
  path: "/v1/containers/{name}/console",
  tags: ["containers"],
  description: `A WebSocket; the first frame of the client is a ConsoleRequest. ${FRAMES}`,
  request: { params },
  responses: switched("The container's console, what it showed lately first"),
});

/** The addresses of WebSockets, for requests that aren't: the sockets themselves never get here. */
export function execRoutes(app: OpenAPIHono): void {
  const refuse = (): never => {
    throw new WarrenError("USAGE", "this address speaks WebSocket only", "ask with Upgrade: websocket");
  };
  app.openapi(exec, refuse);
  app.openapi(consoleRoute, refuse);
  for (const [name, schema] of Object.entries({
    ExecRequest: execRequest,
    ConsoleRequest: consoleRequest,
    ExecClientFrame: clientFrame,
    ExecServerFrame: serverFrame,
  }))
    app.openAPIRegistry.register(name, schema);
}
