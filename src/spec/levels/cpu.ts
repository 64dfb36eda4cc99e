/** Shares and limits of CPU time. */
import type { LevelValues } from "../container.ts";
import type { Dialect, LevelWay, Nesting } from "../level.ts";
import { amount, extent, field, figure, limitV2 } from "./figures.ts";

/** Period of CPU limits in microseconds, the kernel's own default. */
const PERIOD = 100_000;

/** v1's shares for a weight of 100; both scales are linear. */
const SHARES = 1024 / 100;
const weightOf = (text: string): number => Math.round(Number(text) / SHARES);

/** How shares are given. */
export const cpuWeight: Record<Dialect, LevelWay> = {
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

/** How CPU time is limited. */
export const cpuLimit: Record<Dialect, LevelWay> = {
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
    tries: figure("cpu", "cpu.stat", field("nr_periods")),
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
    tries: figure("cpu", "cpu.stat", field("nr_periods")),
  },
};
