/** Shares and limits of CPU time. */
import { duration, onOff } from "../codec.ts";
import type { LevelValues } from "../container.ts";
import type { Dialect, LevelRow, LevelWay, Nesting, Setting } from "../level.ts";
import { amount, extent, field, figure, isOn, limitV2, toggle } from "./figures.ts";

/** Period of CPU limits in microseconds, the kernel's own default. */
const PERIOD = 100_000;

/** v1's shares for a weight of 100; both scales are linear. */
const SHARES = 1024 / 100;
const weightOf = (text: string): number => Math.round(Number(text) / SHARES);
/** An idle group has no weight: the kernel refuses to write one, and forgets it for the ordinary one when idling ends. */
const weighs: Pick<Setting, "of" | "when" | "resetBy"> = {
  of: ["cpu.weight", "cpu.idle"],
  when: (levels) => levels["cpu.idle"] !== "on",
  resetBy: "cpu.idle",
};

/** How shares are given. */
export const cpuWeight: Record<Dialect, LevelWay> = {
  v1: {
    settings: [
      {
        controller: "cpu",
        file: "cpu.shares",
        ...weighs,
        text: (levels) => String(Math.max(2, Math.round((amount(levels, "cpu.weight") ?? 100) * SHARES))),
        extent,
        inRoot: true,
      },
    ],
    limit: figure("cpu", "cpu.shares", ([text = ""]) => weightOf(text)),
  },
  v2: {
    settings: [{ ...limitV2("cpu.weight", "cpu", "cpu.weight"), ...weighs }],
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

const SECOND = 1_000_000;
/** Microseconds; the kernel lets nobody save more than one period's quota. */
const burst = (levels: LevelValues): number => Math.round((amount(levels, "cpu.burst") ?? 0) * SECOND);
const burstWay = (file: string, drawn: string, unit: number): LevelWay => ({
  settings: [{ controller: "cpu", file, of: ["cpu.burst"], text: (levels) => String(burst(levels)), extent }],
  limit: figure("cpu", file, ([text = ""]) => Number(text) / SECOND),
  held: figure("cpu", "cpu.stat", (texts) => {
    const time = field(drawn)(texts);
    return time === null ? null : time / unit;
  }),
  refuse(levels) {
    const most = quota(levels);
    return most === null || burst(levels) <= most
      ? null
      : `is more than cpu.limit gives in a period of 100 ms (${duration.format(most / SECOND)})`;
  },
});

/** How much unused CPU time may be saved up. */
export const cpuBurst = {
  key: "cpu.burst",
  group: "cpu",
  title: "CPU burst",
  help: "CPU time that cpu.limit left unused and that may be used above it later, at most what the limit gives in 100 ms; held counts all that was drawn so far",
  codec: duration,
  default: "0",
  fresh: 0,
  range: { min: 0, max: 819.2, unlimited: false },
  live: true,
  enforcement: "kernel",
  ways: {
    v1: burstWay("cpu.cfs_burst_us", "burst_time", 1e9),
    v2: burstWay("cpu.max.burst", "burst_usec", 1e6),
  },
} as const satisfies LevelRow;

/** Whether a container only gets CPU time that nobody else wants (SCHED_IDLE for a group, Linux 5.15). */
export const cpuIdle = {
  key: "cpu.idle",
  group: "cpu",
  title: "CPU when idle",
  help: "on gives the container only CPU time that nobody else wants; its cpu.weight waits until it is off again",
  codec: onOff,
  default: "off",
  fresh: "off",
  range: { unlimited: false },
  live: true,
  enforcement: "kernel",
  ways: {
    v1: {
      settings: [{ ...toggle("cpu.idle", "cpu", "cpu.idle", { tight: true }), inRoot: true }],
      limit: figure("cpu", "cpu.idle", isOn),
    },
    v2: {
      settings: [toggle("cpu.idle", "cpu", "cpu.idle", { tight: true })],
      limit: figure("cpu", "cpu.idle", isOn),
    },
  },
} as const satisfies LevelRow;
