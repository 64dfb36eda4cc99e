/**
 * Looks at every running container again and again: keeps its counters, and tells what an operator wants to know before
 * it hurts. A look is one small read, a dozen more where something ran meanwhile; the sweep over all of them is as slow as
 * its share of a CPU asks.
 */
import type { Cgroups } from "../host/cgroup/index.ts";
import { failShare, isNear, type Lasting, lasting, NOT_YET } from "../plan/watch.ts";
import { USAGE } from "../spec/levels/usage.ts";
import type { Log } from "../spec/log.ts";
import type { Pressure } from "../spec/usage.ts";
import type { WatchConfig } from "../spec/watch.ts";
import type { Counters } from "./counter.ts";
import { type Glance, glances } from "./counter-read.ts";
import { readFigure } from "./level-kernel.ts";
import type { Runtime } from "./runtime.ts";
import type { Teller } from "./tell.ts";

/** The level whose failures are periods without CPU, common and harmless one by one. */
const THROTTLED = "cpu.limit";
const RESOURCES = ["cpu", "memory", "io"] as const satisfies readonly (keyof Pressure)[];
/** Every which look is at pressure too, whose averages are over ten seconds, and at what is costly to read. */
const PRESSURE_EVERY = 2;
const DEEP_EVERY = 3;
/** Milliseconds for which limits are believed; one that seems near is read again before it is told. */
const LIMITS_EVERY = 60_000;
/** Milliseconds of looking without a pause: what comes right after one costs several times as much. */
const SLICE = 8;

export interface Watch {
  /** Looks at one container now. */
  look(name: string): void;
  stop(): void;
}

export interface WatchDeps {
  cgroups: Cgroups;
  runtime: Pick<Runtime, "get" | "names">;
  counters: Counters;
  teller: Teller;
  config: WatchConfig;
  log: Log;
}

/** What is remembered of a container from one look to the next; begins anew with each run. */
interface Memory {
  initPid: number;
  group: string;
  limits: Record<string, number>;
  limitsAt: number;
  near: Set<string>;
  /** CPU time the container had used. */
  used: number | null;
  /** How often it was looked at. */
  looks: number;
  last: { at: number; glance: Glance } | null;
  throttled: Lasting;
  pressureAt: number;
  pressure: Record<keyof Pressure, Lasting>;
}

export function startWatch({ cgroups, runtime, counters, teller, config, log }: WatchDeps): Watch {
  const reader = glances(cgroups);
  const usage = USAGE[cgroups.dialect];
  const memories = new Map<string, Memory>();
  let stopped = false;
  /** Whose turn it is with the slower doors. */
  let turn = 0;
  let wake = (): void => undefined;

  const cpuUsed = (group: string): number | null => {
    const value = readFigure(cgroups, group, usage.cpu);
    return typeof value === "number" ? value : null;
  };

  function memoryOf(name: string): Memory | null {
    const live = runtime.get(name);
    const known = memories.get(name);
    if (live && known?.initPid === live.initPid) return known;
    memories.delete(name);
    const group = live && cgroups.ofPid(live.initPid);
    if (!live || !group) return null;
    const made: Memory = {
      initPid: live.initPid,
      group,
      limits: {},
      limitsAt: Number.NEGATIVE_INFINITY,
      near: new Set(),
      used: null,
      looks: 0,
      last: null,
      throttled: NOT_YET,
      pressureAt: performance.now(),
      pressure: { cpu: NOT_YET, memory: NOT_YET, io: NOT_YET },
    };
    memories.set(name, made);
    return made;
  }

  function look(name: string, isCalled: boolean): void {
    const m = memoryOf(name);
    if (!m) return;
    // Where nothing ran nothing was refused either: of a thousand containers most have slept.
    const used = cpuUsed(m.group);
    if (used !== null && used === m.used && !isCalled) return;
    m.used = used;
    const at = performance.now();
    const turn = m.looks++;
    const glance = reader.of(m.group, isCalled || m.near.size > 0 || turn % DEEP_EVERY === 0);
    lookForNear(name, m, glance, at);
    lookForThrottling(name, m, glance, at);
    if (turn % PRESSURE_EVERY === 1) lookForPressure(name, m, at);
    m.last = { at, glance };
    counters.note(name, glance.fails, (key) => ({
      held: glance.held[key] ?? null,
      limit: reader.limit(m.group, key),
    }));
  }

  function lookForNear(name: string, m: Memory, { held }: Glance, at: number): void {
    if (at - m.limitsAt >= LIMITS_EVERY) Object.assign(m, { limits: reader.limits(m.group), limitsAt: at });
    const { near: threshold } = config;
    const isIt = (key: string): boolean =>
      threshold !== null && isNear(held[key] ?? 0, m.limits[key] ?? 0, threshold, m.near.has(key));
    if (Object.keys(held).some((key) => isIt(key) && !m.near.has(key))) m.limits = reader.limits(m.group);
    for (const key of Object.keys(held)) {
      const was = m.near.has(key);
      if (!isIt(key)) m.near.delete(key);
      else if (!was) {
        m.near.add(key);
        const details = { key, held: held[key], limit: m.limits[key] };
        teller.once({ type: "level-near", container: name, about: key, details });
      }
    }
  }

  function lookForThrottling(name: string, m: Memory, glance: Glance, at: number): void {
    const figures = (g: Glance) => ({ fails: g.fails[THROTTLED] ?? 0, tries: g.tries[THROTTLED] ?? 0 });
    if (!m.last || config.throttled === null) return;
    const share = failShare(figures(m.last.glance), figures(glance));
    const patience = config.throttledFor * 1000;
    const span = { from: m.last.at, to: at, patience };
    const { state, tell } = lasting(m.throttled, share !== null && share >= config.throttled, span);
    m.throttled = state;
    if (!tell) return;
    const limit = reader.limit(m.group, THROTTLED);
    const seconds = Math.round((at - (state.since ?? at)) / 1000);
    const details = { key: THROTTLED, limit, share, seconds };
    teller.once({ type: "cpu-throttled", container: name, about: THROTTLED, details });
  }

  function lookForPressure(name: string, m: Memory, at: number): void {
    const span = { from: m.pressureAt, to: at, patience: config.pressureFor * 1000 };
    m.pressureAt = at;
    for (const resource of RESOURCES) {
      const threshold = config.pressure[resource];
      if (threshold === null) continue;
      const some = shareOf(readFigure(cgroups, m.group, usage.pressure[resource]));
      const { state, tell } = lasting(m.pressure[resource], some !== null && some >= threshold, span);
      m.pressure[resource] = state;
      if (!tell) continue;
      const full = shareOf(readFigure(cgroups, m.group, usage.fullPressure[resource]));
      const seconds = Math.round((at - (state.since ?? at)) / 1000);
      const details = { resource, some, full, seconds };
      teller.once({ type: "pressure", container: name, about: resource, details });
    }
  }

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      if (stopped) return resolve();
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  /** Lets the slower doors count too, for one container at a time. */
  async function lookBeyond(): Promise<void> {
    const names = runtime.names();
    const name = reader.beyond.length > 0 ? names[turn++ % Math.max(1, names.length)] : undefined;
    if (name !== undefined) await counters.list([name]);
  }

  /** Looks at all, in slices; after each it rests as long as its share of a CPU asks. */
  async function sweep(): Promise<void> {
    const names = runtime.names();
    let began = performance.now();
    for (const [i, name] of names.entries()) {
      if (stopped) return;
      try {
        look(name, false);
      } catch (error) {
        log("debug", "a container could not be looked at", { container: name, error: String(error) });
      }
      const spent = performance.now() - began;
      if (spent < SLICE && i + 1 < names.length) continue;
      await lookBeyond().catch((error) => log("debug", "counting failed", { error: String(error) }));
      const all = performance.now() - began;
      await pause(all / config.share - all);
      began = performance.now();
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const began = performance.now();
      await sweep();
      if (stopped) return;
      for (const name of memories.keys()) if (!runtime.get(name)) memories.delete(name);
      try {
        teller.flush();
        counters.prune();
      } catch (error) {
        // A full disk, most likely: the next round tries again.
        log("error", "counters could not be kept", { error: String(error) });
      }
      await pause(Math.max(0, config.every * 1000 - (performance.now() - began)));
    }
  }
  void run();
  return {
    look: (name) => look(name, true),
    stop() {
      stopped = true;
      wake();
    },
  };
}

/** A percentage as a share. */
const shareOf = (value: unknown): number | null => (typeof value === "number" ? value / 100 : null);
