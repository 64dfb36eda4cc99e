/** The daemon: its start order on one page. */
import { mkdirSync } from "node:fs";
import { serve } from "../api/server.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import { FORGOTTEN } from "../spec/log.ts";
import { holdLock } from "./lock.ts";
import { jsonLog } from "./log.ts";
import { notify } from "./notify.ts";
import { wire } from "./wire.ts";

/** Runs until it is told to end (SIGTERM, SIGINT, `daemon stop`); answers the exit code. Throws LOCKED, BAD_VALUE. */
export async function runDaemon(instance: Instance): Promise<number> {
  const log = jsonLog(process.env.WARREN_DEBUG === "1");
  if (process.getuid?.() !== 0) throw new WarrenError("DENIED", "the daemon needs root", "start it as root");
  // What somebody forgot to wait for must not take everything else down with it.
  process.on("unhandledRejection", (reason) => {
    log("error", FORGOTTEN, {
      error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    });
  });
  mkdirSync(instance.state, { recursive: true, mode: 0o711 });
  mkdirSync(instance.run, { recursive: true, mode: 0o711 });
  const unlock = holdLock(instance);
  const began = performance.now();
  const { engine, config, announce, hostEnds, haltAll, stop } = await wire(instance, log);
  const told = Promise.withResolvers<string>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => told.resolve(signal));
  const onStop = (): void => told.resolve("the API");
  const server = serve({ engine, socket: instance.socket, group: config.group, log, onStop });
  log("info", "serving", { socket: instance.socket, ms: Math.round(performance.now() - began) });
  announce("daemon-started");
  notify("READY=1", log);
  const by = await told.promise;
  notify("STOPPING=1", log);
  announce("daemon-stopping");
  // A turn of the loop, so that those who follow hear it before their streams end.
  await Bun.sleep(5);
  if (by === "SIGTERM" && (await hostEnds())) await haltAll();
  log("info", "ending; containers run on", { by });
  await server.stop();
  await stop();
  unlock();
  return 0;
}
