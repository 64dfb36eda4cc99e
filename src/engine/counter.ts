/**
 * What levels counted since a container's start: the kernel's counters, which begin anew with every run, summed up and
 * kept over reboots from within and over ends of the daemon.
 */
import { startTicks, uptime } from "../host/proc/index.ts";
import { blame, fold, total } from "../plan/counter.ts";
import type { Counter, CounterRecord, Culprit } from "../spec/counter.ts";
import type { Dialect, LevelCounter } from "../spec/level.ts";
import { levelRow } from "../spec/level-request.ts";
import type { Store } from "../store/index.ts";
import { record } from "./context.ts";
import type { Levels } from "./level.ts";
import { wayOf } from "./level-kernel.ts";
import type { Live, Runtime } from "./runtime.ts";
import type { Teller } from "./tell.ts";

type Fails = Readonly<Record<string, number>>;
/** What an event tells beside the count. */
type Figures = Pick<Counter, "held" | "limit">;

export interface Counters {
  /** Counters of the named containers, of all that run when none is named. Throws NO_CONTAINER. */
  list(names?: readonly string[]): Promise<Counter[]>;
  /** Takes in what the kernel's counters say now, and tells of levels that were hit. Nothing for a container that is gone. */
  note(name: string, fails: Fails, figuresOf: (key: string) => Figures): void;
  /** Notes which process a refusal hit. */
  blame(name: string, key: string, culprit: Culprit): void;
  /** Forgets containers that are gone. */
  prune(): void;
}

export interface CounterDeps {
  store: Store;
  runtime: Pick<Runtime, "get" | "names">;
  levels: Pick<Levels, "readCounters">;
  teller: Pick<Teller, "count">;
  dialect: Dialect;
}

/** When a process was started, RFC 3339; now when it is gone. */
const began = (pid: number): string => new Date(Date.now() - (uptime(pid) ?? 0) * 1000).toISOString();

const figuresIn = (rows: readonly LevelCounter[], key: string): Figures => {
  const { held = null, limit = null } = rows.find((row) => row.key === key) ?? {};
  return { held, limit };
};

export function createCounters({ store, runtime, levels, teller, dialect }: CounterDeps): Counters {
  const known = (name: string): CounterRecord | undefined =>
    store.counters.get(store.containers.get(name)?.uuid ?? "");
  // A monitor lives from the start to the end, over all reboots from within; its process id alone may be used again.
  const starts = new WeakMap<Live, string>();
  function startOf(live: Live): string {
    const at = starts.get(live) ?? `${live.monitorPid}-${startTicks(live.monitorPid)}`;
    starts.set(live, at);
    return at;
  }
  function keep(uuid: string, value: CounterRecord): void {
    if (store.counters.get(uuid)) store.counters.update(uuid, () => value);
    else store.counters.insert(uuid, value);
  }

  function note(name: string, fails: Fails, figuresOf: (key: string) => Figures): void {
    const live = runtime.get(name);
    const uuid = store.containers.get(name)?.uuid;
    if (!live || uuid === undefined) return;
    const old = store.counters.get(uuid);
    const start = startOf(live);
    const isNew = old?.start !== start;
    const {
      record: now,
      grown,
      changed,
    } = fold(old, {
      uuid,
      start,
      since: isNew ? began(live.monitorPid) : old.since,
      run: live.runs,
      began: isNew || old.run !== live.runs ? began(live.initPid) : "",
      time: new Date().toISOString(),
      fails,
    });
    if (!changed) return;
    keep(uuid, now);
    for (const [key, by] of Object.entries(grown)) {
      // Single failures of a level that is told by their share are nothing to speak of.
      if (wayOf(levelRow(key), dialect)?.tries) continue;
      const details = { key, ...figuresOf(key), total: total(now.fails[key]) };
      teller.count({ type: "level-hit", container: name, about: key, details }, by);
    }
  }

  async function one(name: string): Promise<Counter[]> {
    const run = runtime.get(name)?.runs;
    const rows = await levels.readCounters(name);
    const fails = rows.flatMap(({ key, fail }) => (typeof fail === "number" ? [[key, fail] as const] : []));
    // What was read while the guest rebooted is of the run before.
    if (runtime.get(name)?.runs === run) note(name, Object.fromEntries(fails), (key) => figuresIn(rows, key));
    const kept = known(name);
    const { since = null, reboots = 0, rebooted = null, fails: counts = {} } = kept ?? {};
    const answer = (row: Pick<Counter, "key" | "held" | "peak" | "limit">, fail: number | null): Counter => {
      const { firstFail = null, lastFail = null, lastProcess = null } = counts[row.key] ?? {};
      const { key, held, peak, limit } = row;
      const { unit } = levelRow(key).codec;
      const when = { firstFail, lastFail, lastProcess, since, reboots, rebooted };
      return { container: name, key, held, peak, limit, fail, unit, ...when };
    };
    if (rows.length > 0)
      return rows.map((row) => answer(row, row.fail === null ? null : total(counts[row.key])));
    // What an ended run left, or one that is about to reboot: only what was refused.
    const none = { held: null, peak: null, limit: null };
    return Object.entries(counts).map(([key, count]) => answer({ key, ...none }, total(count)));
  }

  return {
    note,
    async list(names) {
      for (const name of names ?? []) record(store, name);
      const wanted = names ?? runtime.names().sort();
      const found: Counter[] = [];
      for (const name of wanted) found.push(...(await one(name)));
      return found;
    },
    blame(name, key, culprit) {
      const uuid = store.containers.get(name)?.uuid;
      const kept = uuid === undefined ? undefined : store.counters.get(uuid);
      if (kept) keep(uuid!, blame(kept, key, culprit));
    },
    prune() {
      const alive = new Set(store.containers.list().map(({ uuid }) => uuid));
      for (const { uuid } of store.counters.list()) if (!alive.has(uuid)) store.counters.delete(uuid);
    },
  };
}
