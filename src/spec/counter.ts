/** What levels counted over one start of a container: what people see of it, and what is kept. */
import type { LevelCounter } from "./level.ts";

/** The process that a refusal hit, as the kernel told. Its name is the guest's own choice. */
export interface Culprit {
  name: string;
  pid: number;
  /** RFC 3339. */
  time: string;
}

/** One row of `counters`. */
export interface Counter extends LevelCounter {
  container: string;
  /** Unit of the figures, a codec's. */
  unit: string;
  /** Refusals since the container's start, reboots from within included; `null` where the kernel counts none. */
  fail: number | null;
  /** When the first and the last of them were noticed, RFC 3339. */
  firstFail: string | null;
  lastFail: string | null;
  lastProcess: Culprit | null;
  /** When the container was started, RFC 3339: what `fail` counts from. */
  since: string | null;
  /** Reboots from within since then, and when the last one was. */
  reboots: number;
  rebooted: string | null;
}

/** Whether what is held under a level fills up to its limit; time that was used doesn't. */
export const fillsUp = (unit: string): boolean => unit !== "seconds";

/** Refusals of one level. */
export interface FailCount {
  /** What the kernel's counter said last. */
  seen: number;
  /** Refusals that the kernel's counter doesn't hold any more: of groups that are gone. */
  before: number;
  firstFail: string | null;
  lastFail: string | null;
  lastProcess: Culprit | null;
}

/** What the store keeps of a container's counters. */
export interface CounterRecord {
  /** The container's. */
  uuid: string;
  /** Tells one start of the container from the next; the same over reboots from within. */
  start: string;
  /** When that was, RFC 3339. */
  since: string;
  /** Number of the run, 1 at the start, one more with each reboot from within. */
  run: number;
  reboots: number;
  rebooted: string | null;
  /** Only levels that ever refused something. */
  fails: Record<string, FailCount>;
}
