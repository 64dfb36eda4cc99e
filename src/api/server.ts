import type { Engine } from "../engine/index.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Log } from "../spec/log.ts";
import { createApp } from "./app.ts";
import { errorResponse } from "./error.ts";
import { type Carried, createRelay, type Purpose, type Socket } from "./relay.ts";
import { admit, claimPath } from "./socket.ts";

export interface ServeOptions {
  engine: Engine;
  /** Path of the unix socket. */
  socket: string;
  /** Group that may use it besides root; ignored where the host has none of that name. */
  group: string;
  log: Log;
  /** Told when a client asks for the daemon's end. */
  onStop(): void;
}

export interface Server {
  /** Ends what follows (events, logs, sessions), lets the rest finish for a second, then closes. */
  stop(): Promise<void>;
}

/** Milliseconds that answers under way get when the server ends. */
const PATIENCE = 1_000;
const SOCKET_PATH = /^\/v1\/containers\/([^/]+)\/(exec|console)$/;

/** Serves the API on a unix socket. Throws LOCKED, IN_USE, BAD_VALUE when the socket can't be had. */
export function serve({ engine, socket, group, log, onStop }: ServeOptions): Server {
  claimPath(socket);
  const closing = new AbortController();
  const app = createApp({ engine, onStop, closing: closing.signal }, log);
  const open = new Set<Socket>();
  // Nobody else may connect in the moment before the socket has its mode.
  const before = process.umask(0o177);
  const server = Bun.serve<Carried>({
    unix: socket,
    // Waiting for an operation or following events is silent for as long as it takes. (Bun's types know this option
    // for TCP only; without it a unix socket is cut off after 10 s too.)
    ...({ idleTimeout: 0 } as object),
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    async fetch(request, self) {
      if (request.headers.get("upgrade")?.toLowerCase() === "websocket") {
        const purpose = purposeOf(request);
        if (purpose && self.upgrade(request, { data: { purpose } })) return;
      }
      if (request.method !== "HEAD") return app.fetch(request);
      // Hono would drop the body of a GET without ending it, and with it an open file.
      const answer = await app.fetch(new Request(request, { method: "GET" }));
      await answer.body?.cancel();
      return new Response(null, { status: answer.status, headers: answer.headers });
    },
    error: (thrown) => errorResponse(thrown, log),
    websocket: {
      idleTimeout: 0,
      maxPayloadLength: 4 << 20,
      backpressureLimit: 8 << 20,
      perMessageDeflate: false,
      open(ws: Socket) {
        open.add(ws);
        ws.data.relay = createRelay(ws, ws.data.purpose, engine.exec, log);
      },
      message(ws: Socket, frame) {
        if (typeof frame === "string") ws.data.relay?.text(frame);
        else ws.data.relay?.binary(frame);
      },
      drain: (ws: Socket) => ws.data.relay?.drain(),
      close(ws: Socket) {
        open.delete(ws);
        ws.data.relay?.close();
      },
    },
  });
  process.umask(before);
  admit(socket, group);
  // The router is built by the first request, 10 ms that no client needs to wait for.
  void app.fetch(new Request("http://warren/"));
  return {
    async stop() {
      closing.abort(new WarrenError("CANCELLED", "the daemon ends"));
      for (const ws of open) ws.close(1001, "the daemon ends");
      await Promise.race([server.stop(), Bun.sleep(PATIENCE)]);
      await server.stop(true);
    },
  };
}

function purposeOf(request: Request): Purpose | null {
  const found = SOCKET_PATH.exec(new URL(request.url).pathname);
  if (!found) return null;
  try {
    return { name: decodeURIComponent(found[1]!), kind: found[2] as Purpose["kind"] };
  } catch {
    return null;
  }
}
