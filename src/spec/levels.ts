/**
 * Every resource level, one row each: how people write it, what it may be, and which kernel file holds it in each
 * dialect of control groups. Commands, API, reference and kernel writes are made from these rows; the names of kernel
 * files are in no other place.
 *
 * Order matters in one way: of two settings that limit each other, the narrower comes first (memory before memory
 * plus swap), so that tightening runs down the table and loosening runs up.
 */
import { bytes, count, cpus, cpuset, weight } from "./codec.ts";
import type { LevelValue, LevelValues } from "./container.ts";
import { cpuList, cpuListText } from "./cpulist.ts";
import type { Figure, LevelRow, LevelWay, Nesting, Setting } from "./level.ts";
import { ubcCount, ubcMask, ubcPages, ubcPercent, ubcUnits } from "./ubc.ts";

const MIB = 1024 ** 2;
/** Limits on memory count in pages; kernels with larger ones round further down by themselves. */
const PAGE = 4096;
const LARGEST_PAGE = 65_536;
/** v1 prints "no limit" as the largest number of pages; anything near it means none. */
const V1_NONE = 2 ** 62;
/** Period of CPU limits in microseconds, the kernel's own default. */
const PERIOD = 100_000;

const page = (value: number): number => value - (value % PAGE);
const amount = (levels: LevelValues, key: string): number | null => {
  const value = levels[key];
  return typeof value === "number" ? value : null;
};
/** A number, or `null` for `max`, -1 and v1's largest. */
const extent = (text: string): number | null => {
  const value = Number(text);
  return text === "max" || value < 0 || value >= V1_NONE ? null : value;
};
/** The figure behind a word in a file of `word number` lines. */
const field =
  (word: string) =>
  ([text = ""]: readonly string[]): number | null => {
    const line = text.split("\n").find((each) => each.startsWith(`${word} `));
    return line === undefined ? null : Number(line.slice(word.length + 1));
  };
const whole = ([text = ""]: readonly string[]): number | null => extent(text);
const figure = (controller: string, file: string, pick: Figure["pick"] = whole): Figure => ({
  controller,
  files: [file],
  pick,
});
const difference = ([total = "", part = ""]: readonly string[]): number | null => {
  const [sum, one] = [extent(total), extent(part)];
  return sum === null || one === null ? null : Math.max(0, sum - one);
};

/** v1 counts swap only together with memory. */
const memoryAndSwap = (levels: LevelValues): number | null => {
  const [memory, swap] = [amount(levels, "memory.limit"), amount(levels, "memory.swap")];
  return memory === null || swap === null ? null : page(memory) + page(swap);
};

const memoryV1: Setting = {
  controller: "memory",
  file: "memory.limit_in_bytes",
  of: ["memory.limit"],
  text: (levels) => {
    const value = amount(levels, "memory.limit");
    return value === null ? "-1" : String(page(value));
  },
  extent,
  inRoot: true,
  slack: LARGEST_PAGE,
  lowering: { held: "memory.usage_in_bytes", reclaim: "memory.force_empty", ceiling: null },
};
const swapV1: Setting = {
  controller: "memory",
  file: "memory.memsw.limit_in_bytes",
  of: ["memory.swap", "memory.limit"],
  text: (levels) => String(memoryAndSwap(levels) ?? -1),
  extent,
  inRoot: true,
  // Two numbers rounded.
  slack: 2 * LARGEST_PAGE,
  lowering: { held: "memory.memsw.usage_in_bytes", reclaim: "memory.force_empty", ceiling: null },
};

/** A v2 setting of one level, where `max` is no limit. */
const limitV2 = (
  key: string,
  controller: string,
  file: string,
  text = (value: number) => String(value),
): Setting => ({
  controller,
  file,
  of: [key],
  text: (levels) => {
    const value = amount(levels, key);
    return value === null ? "max" : text(value);
  },
  extent,
});

const memory: Record<"v1" | "v2", LevelWay> = {
  v1: {
    settings: [memoryV1],
    limit: figure("memory", "memory.limit_in_bytes"),
    held: figure("memory", "memory.usage_in_bytes"),
    peak: figure("memory", "memory.max_usage_in_bytes"),
    // Kernels that count no refusals of memory plus swap (6.11 and later) still count the processes killed for it.
    fail: [
      figure("memory", "memory.failcnt"),
      { ...figure("memory", "memory.oom_control", field("oom_kill")), tree: true },
    ],
  },
  v2: {
    settings: [
      {
        ...limitV2("memory.limit", "memory", "memory.max", (value) => String(page(value))),
        slack: LARGEST_PAGE,
        lowering: { held: "memory.current", reclaim: "memory.reclaim", ceiling: "memory.high" },
      },
    ],
    limit: figure("memory", "memory.max"),
    held: figure("memory", "memory.current"),
    peak: figure("memory", "memory.peak"),
    fail: [figure("memory", "memory.events", field("max"))],
  },
};

const swap: Record<"v1" | "v2", LevelWay> = {
  v1: {
    settings: [swapV1],
    limit: {
      controller: "memory",
      files: ["memory.memsw.limit_in_bytes", "memory.limit_in_bytes"],
      pick: difference,
    },
    held: {
      controller: "memory",
      files: ["memory.memsw.usage_in_bytes", "memory.usage_in_bytes"],
      pick: difference,
    },
    fail: [figure("memory", "memory.memsw.failcnt")],
    refuse: (levels) =>
      amount(levels, "memory.swap") !== null && amount(levels, "memory.limit") === null
        ? "needs a memory.limit: cgroup v1 limits swap only together with memory"
        : null,
  },
  v2: {
    settings: [
      {
        ...limitV2("memory.swap", "memory", "memory.swap.max", (value) => String(page(value))),
        slack: LARGEST_PAGE,
      },
    ],
    limit: figure("memory", "memory.swap.max"),
    held: figure("memory", "memory.swap.current"),
    peak: figure("memory", "memory.swap.peak"),
    fail: [figure("memory", "memory.swap.events", field("fail"))],
  },
};

/** v1's shares for a weight of 100; both scales are linear. */
const SHARES = 1024 / 100;
const weightOf = (text: string): number => Math.round(Number(text) / SHARES);

const cpuWeight: Record<"v1" | "v2", LevelWay> = {
  v1: {
    settings: [
      {
        controller: "cpu",
        file: "cpu.shares",
        of: ["cpu.weight"],
        text: (levels) => String(Math.max(2, Math.round((amount(levels, "cpu.weight") ?? 100) * SHARES))),
        extent,
        inRoot: true,
      },
    ],
    limit: figure("cpu", "cpu.shares", ([text = ""]) => weightOf(text)),
  },
  v2: {
    settings: [limitV2("cpu.weight", "cpu", "cpu.weight")],
    limit: figure("cpu", "cpu.weight"),
  },
};

/** On v1 a group's quota may not exceed its parent's, or the parent's write is refused. */
const quotaNesting: Nesting = {
  files: ["cpu.cfs_quota_us", "cpu.cfs_period_us"],
  // A quota that its parent's new or old one covers never bites or never did, so dropping it takes nothing away.
  settle([quota = "-1", period = ""], from, to) {
    const [own, old, parent] = [extent(quota), extent(from), extent(to)];
    if (own === null) return quota;
    const share = own / Number(period);
    const covered = (limit: number | null) => limit !== null && share >= limit / PERIOD;
    return covered(old) || covered(parent) ? "-1" : quota;
  },
  cover: (a, b) => {
    const [x, y] = [extent(a), extent(b)];
    return x === null || y === null ? "-1" : String(Math.max(x, y));
  },
};
const quota = (levels: LevelValues): number | null => {
  const value = amount(levels, "cpu.limit");
  return value === null ? null : Math.round(value * PERIOD);
};
const maxExtent = (text: string): number | null => {
  const [most = "max", period = PERIOD] = text.split(" ");
  return most === "max" ? null : (Number(most) / Number(period)) * PERIOD;
};
const asCpus = (value: number | null): number | null => (value === null ? null : Math.round(value) / PERIOD);

const cpuLimit: Record<"v1" | "v2", LevelWay> = {
  v1: {
    settings: [
      {
        controller: "cpu",
        file: "cpu.cfs_quota_us",
        of: ["cpu.limit"],
        text: (levels) => String(quota(levels) ?? -1),
        extent,
        inRoot: true,
        nesting: quotaNesting,
      },
    ],
    limit: {
      controller: "cpu",
      files: ["cpu.cfs_quota_us", "cpu.cfs_period_us"],
      pick: ([most = "", period = ""]) => {
        const own = extent(most);
        return asCpus(own === null ? null : (own / Number(period)) * PERIOD);
      },
    },
    fail: [figure("cpu", "cpu.stat", field("nr_throttled"))],
  },
  v2: {
    settings: [
      {
        controller: "cpu",
        file: "cpu.max",
        of: ["cpu.limit"],
        text: (levels) => `${quota(levels) ?? "max"} ${PERIOD}`,
        extent: maxExtent,
      },
    ],
    limit: figure("cpu", "cpu.max", ([text = ""]) => asCpus(maxExtent(text))),
    fail: [figure("cpu", "cpu.stat", field("nr_throttled"))],
  },
};

const common = (a: string, b: string): number[] => {
  const other = new Set(cpuList(b));
  return (cpuList(a) ?? []).filter((cpu) => other.has(cpu));
};
const cpusExtent = (text: string): string | null => text || null;
const chosenCpus = (levels: LevelValues, all: string): string => {
  const value = levels["cpu.set"];
  return typeof value === "string" ? value : all;
};

/** On v1 the CPUs of a group below are always some of its parent's. */
const cpusNesting: Nesting = {
  files: ["cpuset.cpus"],
  // A group that had all its parent had still does; one that had less chose so and keeps what is left of it.
  settle([own = ""], from, to) {
    if (own === "") return own;
    const kept = common(own, to);
    return own === from || kept.length === 0 ? to : cpuListText(kept);
  },
  cover: (a, b) => cpuListText(cpuList([a, b].filter(Boolean).join(",")) ?? []),
};

const cpuSet: Record<"v1" | "v2", LevelWay> = {
  v1: {
    settings: [
      {
        controller: "cpuset",
        file: "cpuset.cpus",
        of: ["cpu.set"],
        text: (levels, host) => chosenCpus(levels, host.cpus),
        extent: cpusExtent,
        inRoot: true,
        nesting: cpusNesting,
      },
    ],
    limit: figure("cpuset", "cpuset.cpus", ([text = ""]) => cpusExtent(text)),
  },
  v2: {
    settings: [
      {
        controller: "cpuset",
        file: "cpuset.cpus",
        of: ["cpu.set"],
        text: (levels) => chosenCpus(levels, ""),
        extent: cpusExtent,
      },
    ],
    limit: figure("cpuset", "cpuset.cpus", ([text = ""]) => cpusExtent(text)),
  },
};

/** The one level whose files are the same in both dialects. */
const pids: LevelWay = {
  settings: [limitV2("pids.limit", "pids", "pids.max")],
  limit: figure("pids", "pids.max"),
  held: figure("pids", "pids.current"),
  peak: figure("pids", "pids.peak"),
  fail: [figure("pids", "pids.events", field("max"))],
};

/** Why a list names CPUs that the host hasn't. */
function checkCpus(value: LevelValue, host: { cpus: string }): string | null {
  if (typeof value !== "string") return null;
  return common(value, host.cpus).length === cpuList(value)?.length
    ? null
    : `names a CPU that isn't online (${host.cpus})`;
}

const ROWS = [
  {
    key: "memory.limit",
    group: "memory",
    title: "Memory",
    help: "most memory the container may hold, page cache included; above it the kernel takes cache back, then kills in the container",
    codec: bytes,
    // One container can't push the host into its own out-of-memory, yet what is idle is anybody's.
    default: "80%",
    range: { min: 4 * MIB, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcPages("physpages"),
    whole: (host) => host.memory,
    ways: memory,
  },
  {
    key: "memory.swap",
    group: "memory",
    title: "Swap",
    help: "most swap space the container may hold beyond its memory",
    codec: bytes,
    default: "unlimited",
    range: { min: 0, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcPages("swappages"),
    whole: (host) => host.swap,
    ways: swap,
  },
  {
    key: "cpu.weight",
    group: "cpu",
    title: "CPU share",
    help: "share of the CPUs when neighbours want them too; 200 gets twice what 100 gets, idle CPUs are anybody's",
    codec: weight,
    default: "100",
    fresh: 100,
    range: { min: 1, max: 10_000, unlimited: false },
    live: true,
    enforcement: "kernel",
    alias: ubcUnits("cpuunits"),
    ways: cpuWeight,
  },
  {
    key: "cpu.limit",
    group: "cpu",
    title: "CPU limit",
    help: "most CPU time the container may use, also when CPUs are idle; 1 or 100% is one whole CPU",
    codec: cpus,
    default: "unlimited",
    range: { min: 0.01, max: 8192, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcPercent("cpulimit"),
    ways: cpuLimit,
  },
  {
    key: "cpu.set",
    group: "cpu",
    title: "CPUs",
    help: "the CPUs the container may run on",
    codec: cpuset,
    default: "unlimited",
    range: { unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcMask("cpumask"),
    check: checkCpus,
    ways: cpuSet,
  },
  {
    key: "pids.limit",
    group: "processes",
    title: "Processes",
    help: "most processes and threads at one time; a fork above it fails in the container",
    codec: count,
    // Room for a full server with databases; a fork bomb ends here, far below what the host has.
    default: "2048",
    // The kernel's own ceiling on process ids, PID_MAX_LIMIT, on 64-bit machines.
    range: { min: 1, max: 4_194_304, unlimited: true },
    live: true,
    enforcement: "kernel",
    alias: ubcCount("numproc"),
    ways: { v1: { ...pids, fail: pids.fail?.map((each) => ({ ...each, tree: true })) ?? [] }, v2: pids },
  },
] as const satisfies readonly LevelRow[];

/** The table. */
export const LEVELS: readonly LevelRow[] = ROWS;
/** A level's key, as code names it. */
export type LevelKey = (typeof ROWS)[number]["key"];
