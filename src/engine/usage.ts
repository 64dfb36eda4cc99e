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
export type UsageReader = (asked: readonly Asked[]) => ContainerUsage[];

/** Milliseconds for which the list of groups below a container's is believed: listing costs as much as ten reads. */
const BELIEVED = 10_000;

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

const numberOr = (value: unknown): number | null => (typeof value === "number" ? value : null);

/**
 * Makes the reader of what containers use now: some twenty small reads for each, no process, nothing written but the
 * rule that makes v1 count I/O.
 */
export function createUsage(c: Context): UsageReader {
  const { cgroups, instance } = c;
  const { dialect, controllers } = cgroups;
  const table = USAGE[dialect];
  const below = new Map<string, { at: number; paths: string[] }>();
  let counting = false;

  const isCheap = (figure: Figure | undefined): boolean =>
    figure !== undefined && controllers.has(figure.controller);
  const figuresOf = (row: LevelRow) => row.ways[dialect];
  const limited = LEVELS.filter((row) => isCheap(figuresOf(row)?.held) && isCheap(figuresOf(row)?.limit));
  const failing = LEVELS.flatMap((row) => figuresOf(row)?.fail ?? []).filter(isCheap);

  /** The same groups, where a file is read once however many figures are in it. */
  function once(now: number): Cgroups {
    const texts = new Map<string, string | null>();
    return {
      ...cgroups,
      read(group, controller, file) {
        const key = `${controller}/${group}/${file}`;
        let text = texts.get(key);
        if (text === undefined) {
          text = cgroups.read(group, controller, file);
          texts.set(key, text);
        }
        return text;
      },
      below(group, controller) {
        const key = `${controller}/${group}`;
        const known = below.get(key);
        if (known && now - known.at < BELIEVED) return known.paths;
        const paths = cgroups.below(group, controller);
        below.set(key, { at: now, paths });
        return paths;
      },
    };
  }

  function nearestOf(read: Cgroups, group: string): NearLevel | null {
    let nearest: NearLevel | null = null;
    for (const row of limited) {
      const way = figuresOf(row);
      const held = readFigure(read, group, way?.held);
      const limit = readFigure(read, group, way?.limit);
      if (typeof held !== "number" || typeof limit !== "number" || limit <= 0) continue;
      const ratio = held / limit;
      if (nearest === null || ratio > nearest.ratio) nearest = { key: row.key, held, limit, ratio };
    }
    return nearest;
  }

  function failsOf(read: Cgroups, group: string): number | null {
    const known = failing
      .map((figure) => readFigure(read, group, figure))
      .filter((each) => typeof each === "number");
    return known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
  }

  /** Makes the kernel count I/O, once there is a group to write to; tried again at the next reading when it fails. */
  function countIo(): void {
    if (counting || !table.countIo) return;
    const { controller, file, text } = table.countIo;
    const top = cgroupTop(instance);
    if (!controllers.has(controller) || !cgroups.exists(top, controller)) return;
    counting = true;
    for (const disk of capacity(instance.state).disks)
      cgroups.write(top, controller, file, text(disk)).catch((error) => {
        counting = false;
        c.log("debug", "I/O is not counted", { disk, error: String(error) });
      });
  }

  function one({ record, state }: Asked, links: Map<string, LinkBytes>, boot: number | null): ContainerUsage {
    const { name } = record;
    const at = performance.now();
    const live = c.runtime.get(name);
    const group = live && cgroups.ofPid(live.initPid);
    if (!live || !group) return { name, state, at, ...NOTHING };
    const read = once(at);
    const get = (figure: Figure | undefined): number | null => numberOr(readFigure(read, group, figure));
    const of = (key: string) => LEVELS.find((row) => row.key === key)?.ways[dialect];
    const link = links.get(linkOf(c, record));
    return {
      name,
      state,
      at,
      uptime: uptime(live.initPid, boot),
      cpu: get(table.cpu),
      memory: get(of("memory.limit")?.held),
      memoryLimit: get(of("memory.limit")?.limit),
      tasks: get(of("pids.limit")?.held),
      ioRead: get(table.ioRead),
      ioWrite: get(table.ioWrite),
      // The host's end of the link takes in what the container gives out.
      netIn: link?.out ?? null,
      netOut: link?.in ?? null,
      pressure: {
        cpu: get(table.pressure.cpu),
        memory: get(table.pressure.memory),
        io: get(table.pressure.io),
      },
      nearest: nearestOf(read, group),
      fail: failsOf(read, group),
    };
  }

  return (asked) => {
    countIo();
    const boot = sinceBoot();
    const links = linkBytes(linkPrefix(instance));
    const now = performance.now();
    for (const [key, { at }] of below) if (now - at >= BELIEVED) below.delete(key);
    return asked.map((each) => one(each, links, boot));
  };
}
