/** The API over a fake engine, on a socket of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../src/api/server.ts";
import { type FakeEngine, fakeEngine } from "./fake-engine.ts";

export interface TestApi {
  engine: FakeEngine;
  socket: string;
  /** What was logged as an error. */
  faults: Record<string, unknown>[];
  /** How often a client asked for the daemon's end. */
  stops: number;
  ask(method: string, path: string, json?: unknown, init?: RequestInit): Promise<Response>;
  stop(): Promise<void>;
}

export function startApi(names: string[] = []): TestApi {
  const dir = mkdtempSync(join(tmpdir(), "api-"));
  const socket = join(dir, "warren.sock");
  const engine = fakeEngine(names);
  const api: TestApi = {
    engine,
    socket,
    faults: [],
    stops: 0,
    ask(method, path, json, init = {}) {
      const asked =
        json === undefined
          ? {}
          : { body: JSON.stringify(json), headers: { "content-type": "application/json" } };
      return fetch(`http://warren${path}`, {
        method,
        ...asked,
        ...init,
        unix: socket,
      } as BunFetchRequestInit);
    },
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  const server = serve({
    engine,
    socket,
    group: "no-such-group",
    log: (level, message, fields) => void (level === "error" && api.faults.push({ message, ...fields })),
    onStop: () => {
      api.stops++;
    },
  });
  return api;
}
