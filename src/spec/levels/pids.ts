/** Processes and threads. */
import type { Dialect, LevelWay } from "../level.ts";
import { field, figure, limitV2 } from "./figures.ts";

const fail = figure("pids", "pids.events", field("max"));

/** How processes are limited: the same files in both dialects. */
const both: LevelWay = {
  settings: [limitV2("pids.limit", "pids", "pids.max")],
  limit: figure("pids", "pids.max"),
  held: figure("pids", "pids.current"),
  peak: figure("pids", "pids.peak"),
  fail: [fail],
};

/** How processes are limited. v1 counts a refused fork where it was tried, not where the limit stands. */
export const pids: Record<Dialect, LevelWay> = {
  v1: { ...both, fail: [{ ...fail, tree: true }] },
  v2: both,
};
