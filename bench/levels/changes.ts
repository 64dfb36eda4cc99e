import type { Cgroups } from "../../src/host/cgroup/index.ts";
import type { ContainerInfo } from "../../src/spec/container.ts";
import type { LevelCatalogueRow, LevelChange } from "../../src/spec/level.ts";

/** Two values that each level goes back and forth between. */
const PAIRS: Readonly<Record<string, readonly [string, string]>> = {
  "pids.limit": ["300", "400"],
  "cpu.weight": ["200", "150"],
  "cpu.limit": ["90%", "80%"],
  "cpu.burst": ["1ms", "2ms"],
  "memory.limit": ["512M", "600M"],
  "memory.swap": ["64M", "128M"],
  "memory.high": ["500M", "490M"],
  "memory.low": ["1M", "2M"],
  "memory.guarantee": ["1M", "2M"],
  "memory.oom_group": ["on", "off"],
  "memory.zswap": ["8M", "16M"],
  "io.read.bps": ["100M", "200M"],
  "io.write.bps": ["100M", "200M"],
  "io.read.iops": ["1000", "2000"],
  "io.write.iops": ["1000", "2000"],
  "io.weight": ["200", "300"],
  "hugetlb.2M": ["4M", "8M"],
  "hugetlb.1G": ["1G", "2G"],
  "cgroup.descendants": ["500", "600"],
  "cpu.set": ["0", "unlimited"],
  "cpu.nodes": ["0", "unlimited"],
  "pty.limit": ["64", "128"],
  "shm.size": ["64M", "32M"],
  "ipc.shm": ["16M", "32M"],
  "ipc.msg": ["100", "200"],
  "ipc.sem": ["100", "200"],
  "oom.priority": ["100", "200"],
  "net.egress": ["100Mbit", "200Mbit"],
  "net.ingress": ["100Mbit", "200Mbit"],
  "net.connections": ["3000", "4000"],
};
const TWENTY_FOUR = 24;

/** Levels that are changed together. */
export interface List {
  title: string;
  keys: readonly string[];
  /** The same by hand, where all of them are files: what is written in a round. */
  files: ((round: number) => (readonly [path: string, text: string])[]) | null;
}

export interface Changes {
  lists: readonly List[];
  /** Sets levels to this round's values; throws what the daemon refuses. */
  set(keys: readonly string[], round: number): Promise<void>;
}

/** Levels that this host has, changed through the daemon's socket. */
export async function openChanges(socket: string, name: string, cgroups: Cgroups): Promise<Changes> {
  const ask = async <T>(path: string, json?: unknown): Promise<T> => {
    const answer = await fetch(`http://warren/v1${path}`, {
      unix: socket,
      ...(json === undefined
        ? {}
        : { method: "PUT", body: JSON.stringify(json), headers: { "content-type": "application/json" } }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(told)}`);
    return told as T;
  };
  const valuesOf = (keys: readonly string[], round: number) =>
    Object.fromEntries(keys.map((key) => [key, PAIRS[key]![round % 2]!]));
  const levels = `/containers/${name}/levels`;
  const set: Changes["set"] = async (keys, round) =>
    void (await ask(levels, { set: valuesOf(keys, round), save: false }));

  const { cgroup } = await ask<ContainerInfo>(`/containers/${name}`);
  /** What Warren itself would write, taken from its plan. */
  async function byHand(keys: readonly string[]): Promise<List["files"]> {
    const plans: (readonly [string, string])[][] = [];
    for (const round of [0, 1]) {
      await set(keys, round + 1);
      const { plan } = await ask<LevelChange>(levels, {
        set: valuesOf(keys, round),
        save: false,
        dryRun: true,
      });
      plans.push(
        (plan ?? []).flatMap(({ file, to }) => {
          const [controller = "", ...path] = file.split("/");
          const below = path
            .slice(0, -1)
            .map((each) => `/${each}`)
            .join("");
          const at = cgroups.path(`${cgroup}${below}`, controller, path.at(-1) ?? "");
          return to.split("\n").map((line) => [at, line] as const);
        }),
      );
    }
    return (round) => plans[round % 2]!;
  }

  const rows = await ask<LevelCatalogueRow[]>("/levels");
  const able = Object.keys(PAIRS).filter((key) => rows.some((row) => row.key === key && row.supported));
  const plan = await ask<LevelChange>(levels, { set: valuesOf(able, 0), save: false, dryRun: true });
  const inGroups = new Set(
    (plan.plan ?? []).flatMap(({ key, file }) =>
      cgroups.controllers.has(file.split("/")[0] ?? "") ? [key] : [],
    ),
  );
  // Reclaiming is no write of a value, so it doesn't compare.
  const files = able.filter((key) => inGroups.has(key) && !["memory.limit", "memory.swap"].includes(key));
  const mixed = [...able.filter((key) => !files.includes(key)), ...files].slice(0, TWENTY_FOUR);
  return {
    set,
    lists: [
      { title: "one level, a file", keys: ["pids.limit"], files: await byHand(["pids.limit"]) },
      { title: `${files.length} levels, all of them files`, keys: files, files: await byHand(files) },
      { title: `${mixed.length} levels of every kind`, keys: mixed, files: null },
    ],
  };
}
