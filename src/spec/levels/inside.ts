/**
 * What the guest's own group, right below the container's, says of CPU time. The container's group is the one that
 * limits; but lxcfs counts processors by the group it finds init in and looks no further up (lxcfs issue 688), and so
 * do programs that size themselves by their limit.
 */
import type { Dialect } from "../level.ts";
import { extent } from "./figures.ts";

/** The guest's period in microseconds, the longest there is. */
const PERIOD = 1_000_000;
/** How many of the container's periods it spans. */
const SPAN = 10;

/** One write to the guest's group. */
export interface InsideWrite {
  file: string;
  text: string;
}

/** How a dialect tells the guest of its CPU limit. */
export interface Inside {
  controller: string;
  /** File of the container's group that says it. */
  from: string;
  /** Files of the guest's group that are read to see whether it is told already. */
  files: readonly string[];
  /** What a new guest's group has in these. */
  fresh: readonly string[];
  /** What to write, in order; `null` stands for a file that isn't there. */
  writes(outer: string, inner: readonly (string | null)[]): InsideWrite[];
}

const V1 = { quota: "cpu.cfs_quota_us", period: "cpu.cfs_period_us", burst: "cpu.cfs_burst_us" };
const V2 = { max: "cpu.max", burst: "cpu.max.burst" };

/**
 * The table. The guest's limit is the container's own and must never be the one that bites: with the same period in
 * both groups a busy container gets up to a sixth less than its limit, for the two count from different moments. So the
 * guest's period is long, and what is left of one may be used in the next (its burst, Linux 5.14). A larger limit would
 * do as well, but on v1 no group may have a larger share than the one above it.
 */
export const INSIDE: Record<Dialect, Inside> = {
  v1: {
    controller: "cpu",
    from: V1.quota,
    files: [V1.quota, V1.period, V1.burst],
    fresh: ["-1", "100000", "0"],
    writes(outer, [quota = null, period = null, burst = null]) {
      if (quota === null) return [];
      const most = extent(outer);
      const limited = extent(quota) !== null;
      const free = limited ? [{ file: V1.quota, text: "-1" }] : [];
      if (most === null) return free;
      const told = String(most * SPAN);
      const long = period === String(PERIOD);
      if (long && quota === told && (burst ?? told) === told) return [];
      return [
        ...noBurst(V1.burst, burst),
        // With the old quota in the new period the guest would nearly stand still for a moment.
        ...(long ? [] : [...free, { file: V1.period, text: String(PERIOD) }]),
        { file: V1.quota, text: told },
        ...(burst === null ? [] : [{ file: V1.burst, text: told }]),
      ];
    },
  },
  v2: {
    controller: "cpu",
    from: V2.max,
    files: [V2.max, V2.burst],
    fresh: ["max 100000", "0"],
    writes(outer, [max = null, burst = null]) {
      if (max === null) return [];
      const [most = "max", period = ""] = outer.split(" ");
      if (most === "max") return max.startsWith("max ") ? [] : [{ file: V2.max, text: "max" }];
      const told = String(Math.round((Number(most) / Number(period)) * PERIOD));
      if (max === `${told} ${PERIOD}` && (burst ?? told) === told) return [];
      return [
        ...noBurst(V2.burst, burst),
        { file: V2.max, text: `${told} ${PERIOD}` },
        ...(burst === null ? [] : [{ file: V2.burst, text: told }]),
      ];
    },
  },
};

/** A burst above a new quota would refuse it. */
function noBurst(file: string, burst: string | null): InsideWrite[] {
  return burst === null || burst === "0" ? [] : [{ file, text: "0" }];
}
