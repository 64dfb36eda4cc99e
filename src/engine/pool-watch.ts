import { roomOf } from "../host/pool/index.ts";
import { type Fill, fillOf } from "../plan/pool.ts";
import type { Log } from "../spec/log.ts";
import type { WatchConfig } from "../spec/watch.ts";
import type { Events } from "./event.ts";
import type { Pools } from "./pool.ts";

/** Tells when a pool is nearly full and when it is, once for each time that it comes to be so. */
export function startPoolWatch(deps: {
  pools: Pick<Pools, "places">;
  events: Pick<Events, "emit">;
  config: Pick<WatchConfig, "every" | "pool">;
  log: Log;
}): { stop(): void } {
  const { pools, events, config, log } = deps;
  const fills = new Map<string, Fill>();
  let timer: Timer | undefined;
  let stopped = false;

  async function look(name: string, path: string): Promise<void> {
    const room = await roomOf(`${path}/containers`);
    if (stopped) return;
    const was = fills.get(name) ?? "ok";
    const now = fillOf(room, config.pool, was);
    fills.set(name, now);
    if (now === was || now === "ok") return;
    const details = { pool: name, ...room };
    // One that had been full and has some room again is no news; one that filled between two looks is told as both.
    if (was === "ok") events.emit({ type: "pool-near-full", details });
    if (now === "full") events.emit({ type: "pool-full", details });
  }
  async function round(): Promise<void> {
    try {
      const places = pools.places();
      for (const name of fills.keys()) if (!places.some((each) => each.name === name)) fills.delete(name);
      for (const { name, path } of places) await look(name, path);
    } catch (error) {
      log("debug", "a pool could not be looked at", { error: String(error) });
    }
    if (!stopped) timer = setTimeout(() => void round(), config.every * 1000);
  }
  void round();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
