/** Memory and swap space. */
import type { LevelValues } from "../container.ts";
import type { Dialect, LevelWay, Setting } from "../level.ts";
import { amount, extent, field, figure, LARGEST_PAGE, limitV2, page } from "./figures.ts";

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

/** How memory is limited. */
export const memory: Record<Dialect, LevelWay> = {
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

/** How swap space is limited. */
export const swap: Record<Dialect, LevelWay> = {
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
