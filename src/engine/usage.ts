import { capacity } from "../host/capacity/index.ts";
import type { Cgroups } from "../host/cgroup/index.ts";
import { type LinkBytes, linkBytes } from "../host/link/index.ts";
import { sinceBoot, uptime } from "../host/proc/index.ts";
import type { ContainerRecord, ContainerState } from "../spec/container.ts";
import { cgroupTop, linkPrefix } from "../spec/instance.ts";
import type { Figure, LevelRow } from "../spec/level.ts";
import { USAGE } from "../spec/levels/usage.ts";
import { LEVELS } from "../spec/levels.ts";
import type { ContainerUsage, NearLevel } from "../spec/usage.ts";
import type { Context } from "./context.ts";
import { readFigure } from "./level-kernel.ts";
import { linkOf } from "./root.ts";

/** A container and its state as the outside sees it. */
export interface Asked {
  record: ContainerRecord;
  state: ContainerState;
}

/** Reads what containers use now. */
export interface UsageReader {
  /** Of many at once, each second if need be: pressure, failures and limits that nobody changed may be STALE old. */
  all(asked: readonly Asked[]): ContainerUsage[];
  /** Of one, everything as it is now. */
  one(asked: Asked): ContainerUsage;
}

/**
 * Milliseconds for which figures that seldom change are believed. They are four in five of all reads, each about
 * 5 microseconds; the kernel itself counts pressure every 2 seconds only.
 */
const STALE = 5_000;

const NOTHING = {
  uptime: null,
  cpu: null,
  memory: null,
  memoryLimit: null,
  tasks: null,
  ioRead: null,
  ioWrite: null,
  netIn: null,
  netOut: null,
  pressure: { cpu: null, memory: null, io: null },
  nearest: null,
  fail: null,
} as const satisfies Partial<ContainerUsage>;

/**
 * Milliseconds for which a kernel's files and the groups below a container's are believed to be the same ones: a file
 * that isn't there and a listing cost as much as ten reads. Guests have no groups of their own on v1, the only dialect
 * in which those below count.
 */
const SAME = 60_000;

/** Most events looked at for one answer; more are looked at for the next. */
const EVENTS = 1000;

/** What is read now and then. */
interface Slow extends Pick<ContainerUsage, "memoryLimit" | "pressure" | "nearest" | "fail"> {
  pid: number;
  group: string;
  /** Seconds from the host's boot to init's start. */
  began: number;
  until: number;
}

/** The same groups, where nothing is read twice for one container, and nothing asked for that lately was not there. */
function sparing(cgroups: Cgroups) {
  let texts = new Map<string, string | null>();
  const absent = new Set<string>();
  const below = new Map<string, string[]>();
  let since = performance.now();
  return {
    ...cgroups,
    /** Begins with the next container. */
    next(now: number): void {
      texts = new Map();
      if (now - since < SAME) return;
      absent.clear();
      below.clear();
      since = now;
    },
    read(group: string, controller: string, file: string): string | null {
      if (absent.has(file)) return null;
      const key = `${controller}/${group}/${file}`;
      let text = texts.get(key);
      if (text === undefined) {
        text = cgroups.read(group, controller, file);
        texts.set(key, text);
        if (text === null && cgroups.exists(group, controller)) absent.add(file);
      }
      return text;
    },
    below(group: string, controller: string): string[] {
      const key = `${controller}/${group}`;
      const paths = below.get(key) ?? cgroups.below(group, controller);
      below.set(key, paths);
      return paths;
    },
  };
}

/** Makes the reader: small reads, no process, nothing written but the rule that makes v1 count I/O. */
export function createUsage(c: Context): UsageReader {
  const { cgroups, instance } = c;
  const { dialect, controllers } = cgroups;
  const table = USAGE[dialect];
  const slow = new Map<string, Slow>();
  let told = c.events.last();
  const from = sparing(cgroups);
  // Once v1 was made to count, a group without a figure is one without I/O.
  let counted: number | null = null;
  let countAgain = 0;

  const isCheap = (figure: Figure | undefined): boolean =>
    figure !== undefined && controllers.has(figure.controller);
  const wayOf = (row: LevelRow | undefined) => row?.ways[dialect];
  // Things that can be held; a throttled period of CPU time is no refusal, and pressure tells of it.
  const things = LEVELS.filter(({ codec }) => codec.unit === "bytes" || codec.unit === "count");
  const limited = things.filter((row) => isCheap(wayOf(row)?.held) && isCheap(wayOf(row)?.limit));
  const failing = things.flatMap((row) => wayOf(row)?.fail ?? []).filter(isCheap);
  const memory = wayOf(LEVELS.find(({ key }) => key === "memory.limit"));
  const tasks = wayOf(LEVELS.find(({ key }) => key === "pids.limit"));

  function number(group: string, figure: Figure | undefined): number | null {
    const value = readFigure(from, group, figure);
    return typeof value === "number" ? value : null;
  }

  function nearestOf(group: string): NearLevel | null {
    let nearest: NearLevel | null = null;
    for (const row of limited) {
      const held = number(group, wayOf(row)?.held);
      // Of what nothing is held the limit needs no reading.
      const limit = held ? number(group, wayOf(row)?.limit) : null;
      if (held === null || limit === null || limit <= 0) continue;
      const ratio = held / limit;
      if (nearest === null || ratio > nearest.ratio) nearest = { key: row.key, held, limit, ratio };
    }
    return nearest;
  }

  function failsOf(group: string): number | null {
    const known = failing.flatMap((figure) => number(group, figure) ?? []);
    return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  }

  /** Makes the kernel count I/O, once there is a group to write to; tried again later when it fails. */
  function countIo(now: number): void {
    if (counted !== null || !table.countIo || now < countAgain) return;
    const { controller, file, text } = table.countIo;
    const top = cgroupTop(instance);
    if (!controllers.has(controller) || !cgroups.exists(top, controller)) return;
    countAgain = now + STALE;
    for (const disk of capacity(instance.state).disks)
      cgroups.write(top, controller, file, text(disk)).then(
        () => {
          counted = 0;
        },
        (error) => c.log("debug", "I/O is not counted", { disk, error: String(error) }),
      );
  }

  function slowOf({ name, slot }: ContainerRecord, pid: number, now: number, boot: number): Slow | null {
    const known = slow.get(name);
    if (known?.pid === pid && now < known.until) return known;
    const group = known?.pid === pid ? known.group : cgroups.ofPid(pid);
    if (group === null) return null;
    const { cpu, memory: mem, io } = table.pressure;
    const found: Slow = {
      pid,
      group,
      began: known?.pid === pid ? known.began : boot - (uptime(pid, boot) ?? 0),
      // Spread over the time at first, so that never all are due at once.
      until: now + (known ? STALE : (STALE * ((slot % 8) + 1)) / 8),
      memoryLimit: number(group, memory?.limit),
      pressure: {
        cpu: number(group, cpu),
        memory: number(group, mem),
        io: number(group, io),
      },
      nearest: nearestOf(group),
      fail: failsOf(group),
    };
    slow.set(name, found);
    return found;
  }

  function usageOf({ record, state }: Asked, links: Map<string, LinkBytes>, boot: number): ContainerUsage {
    const { name } = record;
    const at = performance.now();
    const live = c.runtime.get(name);
    from.next(at);
    const kept = live ? slowOf(record, live.initPid, at, boot) : null;
    if (!kept) return { name, state, at, ...NOTHING };
    const { group, began, memoryLimit, pressure, nearest, fail } = kept;
    const link = links.get(linkOf(c, record));
    return {
      name,
      state,
      at,
      uptime: Math.floor(Math.max(0, boot - began)),
      cpu: number(group, table.cpu),
      memory: number(group, memory?.held),
      memoryLimit,
      tasks: number(group, tasks?.held),
      ioRead: number(group, table.ioRead) ?? counted,
      ioWrite: number(group, table.ioWrite) ?? counted,
      // The host's end of the link takes in what the container gives out.
      netIn: link?.out ?? null,
      netOut: link?.in ?? null,
      pressure,
      nearest,
      fail,
    };
  }

  /** Who has just changed a level wants to see it. */
  function forgetChanged(): void {
    if (c.events.last() === told) return;
    for (const { seq, type, container } of c.store.events.since(told, EVENTS)) {
      told = seq;
      if (type === "level-changed" && container) slow.delete(container);
    }
  }

  function all(asked: readonly Asked[]): ContainerUsage[] {
    const now = performance.now();
    countIo(now);
    forgetChanged();
    for (const [name, { until }] of slow) if (now > until + STALE) slow.delete(name);
    const [links, boot] = [linkBytes(linkPrefix(instance)), sinceBoot() ?? 0];
    return asked.map((each) => usageOf(each, links, boot));
  }
  return {
    all,
    one(asked) {
      slow.delete(asked.record.name);
      return all([asked])[0]!;
    },
  };
}
