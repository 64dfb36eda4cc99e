/**
 * What the guest's own group, right below the container's, says of CPU time. The container's group is the one that
 * limits; but lxcfs counts processors by the group it finds init in and looks no further up (lxcfs issue 688), and so
 * do programs that size themselves by their limit.
 */
import type { Dialect } from "../level.ts";
import { extent } from "./figures.ts";

/** The guest's period in microseconds, the longest there is. */
const PERIOD = 1_000_000;
/**
 * How many of the container's periods it spans. With the same period in both groups a busy container gets a sixth less
 * than its limit, for each counts from when it was first used and what one grants in the other's pause is lost.
 */
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

const QUOTA = "cpu.cfs_quota_us";
const LENGTH = "cpu.cfs_period_us";
const MAX = "cpu.max";

/** The table; no group may have a larger share than the one above it on v1, so it is written last there. */
export const INSIDE: Record<Dialect, Inside> = {
  v1: {
    controller: "cpu",
    from: QUOTA,
    files: [QUOTA, LENGTH],
    fresh: ["-1", "100000"],
    writes(outer, [quota = null, length = null]) {
      if (quota === null) return [];
      const most = extent(outer);
      const free = extent(quota) === null ? [] : [{ file: QUOTA, text: "-1" }];
      if (most === null) return free;
      const told = { file: QUOTA, text: String(most * SPAN) };
      if (length === String(PERIOD)) return quota === told.text ? [] : [told];
      // With the old quota in the new period the guest would nearly stand still for a moment.
      return [...free, { file: LENGTH, text: String(PERIOD) }, told];
    },
  },
  v2: {
    controller: "cpu",
    from: MAX,
    files: [MAX],
    fresh: ["max 100000"],
    writes(outer, [inner = null]) {
      const [most = "max", length = ""] = outer.split(" ");
      const text =
        most === "max" ? "max" : `${Math.round((Number(most) / Number(length)) * PERIOD)} ${PERIOD}`;
      if (inner === null || inner === text || (text === "max" && inner.startsWith("max "))) return [];
      return [{ file: MAX, text }];
    },
  },
};
