/** Which CPUs a container runs on, and which memory nodes its pages come from. */
import { cpuset } from "../codec.ts";
import type { LevelValue } from "../container.ts";
import { cpuList, cpuListText } from "../cpulist.ts";
import type { Dialect, LevelHost, LevelRow, LevelWay, Nesting, Setting } from "../level.ts";
import { ubcMask } from "../ubc.ts";
import { figure } from "./figures.ts";

const common = (a: string, b: string): number[] => {
  const other = new Set(cpuList(b));
  return (cpuList(a) ?? []).filter((each) => other.has(each));
};
const listExtent = (text: string): string | null => text || null;

/** On v1 the CPUs and nodes of a group below are always some of its parent's. */
const listNesting = (file: string): Nesting => ({
  files: [file],
  // A group that had all its parent had still does; one that had less chose so and keeps what is left of it.
  settle([own = ""], from, to) {
    if (own === "") return own;
    const kept = common(own, to);
    return own === from || kept.length === 0 ? to : cpuListText(kept);
  },
  cover: (a, b) => cpuListText(cpuList([a, b].filter(Boolean).join(",")) ?? []),
});

/** All are named where none is chosen: the kernel refuses to empty the list of a group that has processes. */
const chosen = (key: string, file: string, all: (host: LevelHost) => string): Setting => ({
  controller: "cpuset",
  file,
  of: [key],
  text: (levels, host) => {
    const value = levels[key];
    return typeof value === "string" ? value : all(host);
  },
  extent: listExtent,
});
const lists = (
  key: string,
  file: string,
  all: (host: LevelHost) => string,
  before: readonly Setting[] = [],
): Record<Dialect, LevelWay> => {
  const setting = chosen(key, file, all);
  const limit = figure("cpuset", file, ([text = ""]) => listExtent(text));
  return {
    v1: { settings: [...before, { ...setting, inRoot: true, nesting: listNesting(file) }], limit },
    v2: { settings: [{ ...setting, empty: all }], limit },
  };
};

const missing = (value: LevelValue, all: string, what: string): string | null => {
  if (typeof value !== "string") return null;
  return common(value, all).length === cpuList(value)?.length
    ? null
    : `names a ${what} that isn't online (${all})`;
};

/** How the CPUs are chosen. */
export const cpuSet: Record<Dialect, LevelWay> = lists("cpu.set", "cpuset.cpus", (host) => host.cpus);

/** Why a list names CPUs that the host hasn't. */
export const checkCpus = (value: LevelValue, host: LevelHost): string | null =>
  missing(value, host.cpus, "CPU");

/**
 * v1 moves pages that are there already only when told to, group by group; v2 always does
 * (Documentation/admin-guide/cgroup-v1/cpusets.rst).
 */
const migrate: Setting = {
  controller: "cpuset",
  file: "cpuset.memory_migrate",
  of: ["cpu.nodes"],
  text: (levels) => (levels["cpu.nodes"] === null ? "0" : "1"),
  // Before the nodes when some are chosen, after them when all are.
  extent: (text) => -Number(text),
  nesting: { files: ["cpuset.memory_migrate"], settle: (_own, _from, to) => to, cover: (_now, end) => end },
};

/** Which memory nodes pages come from. */
export const cpuNodes = {
  key: "cpu.nodes",
  group: "cpu",
  title: "Memory nodes",
  help: "the NUMA nodes whose memory the container uses; pages elsewhere move there when it changes",
  codec: { ...cpuset, forms: "0-1 (node numbers) or unlimited" },
  default: "unlimited",
  range: { unlimited: true },
  live: true,
  enforcement: "kernel",
  alias: ubcMask("nodemask"),
  check: (value, host) => missing(value, host.nodes, "memory node"),
  ways: lists("cpu.nodes", "cpuset.mems", (host) => host.nodes, [migrate]),
} as const satisfies LevelRow;
