/**
 * What the kernel tells of processes and mounts through /proc.
 *
 * What must never happen here: trusting a number that a guest chose; pids are the host's.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { atWork, isOver, kibibytes, mountPoints, parentOf, startOf, takes, threadsOf } from "./text.ts";

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};

/** The parent of a process, or `null` when it is gone. */
export function parent(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : parentOf(stat);
}

/**
 * Whether a process is the host's root's own. One of a guest never is, whatever it calls itself: its ids are the
 * guest's range, and an undumpable one is shown as its range's root (proc_pid(5)).
 */
export function ownedByRoot(pid: number): boolean {
  return statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === 0;
}

/** The children of a process's first thread. */
export function children(pid: number): number[] {
  return (read(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").filter(Boolean).map(Number);
}

/** When a process started, in clock ticks (100 a second) since the host's boot: tells a pid from its next holder. */
export function startTicks(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null ? null : startOf(stat);
}

/** Whether a process has ended, be it gone or not taken note of yet. */
export function ended(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat === null || isOver(stat);
}

/**
 * Whether a fork may be under way in a process: one of its threads is at work. A thread that sleeps where a signal can
 * wake it is not in the middle of one.
 */
export function mayFork(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return false;
  if (atWork(stat) || threadsOf(stat) === 1) return atWork(stat);
  return threads(pid).some((thread) => atWork(read(`/proc/${pid}/task/${thread}/stat`) ?? ""));
}

function threads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Seconds since the host's boot; `null` without /proc. */
export function sinceBoot(): number | null {
  const now = read("/proc/uptime");
  return now === null ? null : Number(now.split(" ")[0]);
}

/** Seconds since a process started, or `null` when it is gone; `now` spares a reading for each of many. */
export function uptime(pid: number, now = sinceBoot()): number | null {
  const ticks = startTicks(pid);
  return ticks === null || now === null ? null : Math.max(0, now - ticks / 100);
}

/** The command line of a process, its words; empty when it is gone. */
export function commandLine(pid: number): string[] {
  return (read(`/proc/${pid}/cmdline`) ?? "").split("\0").filter((word) => word !== "");
}

/** Whether a process has made ready for a signal; what comes earlier is lost on an init (pid_namespaces(7)). */
export function takesSignal(pid: number, signal: number): boolean {
  return takes(read(`/proc/${pid}/status`) ?? "", signal);
}

/** Every mount point of this mount namespace, the newest last. */
export function mounts(): string[] {
  return mountPoints(read("/proc/self/mountinfo") ?? "");
}

/** The AppArmor profile of a process, or `null` when the kernel has none. */
export function apparmorProfile(pid: number): string | null {
  const profile = read(`/proc/${pid}/attr/apparmor/current`)?.trim();
  return profile ? profile : null;
}

/** The effective capabilities that a process can ever have (CapBnd), as a bit set. */
export function boundingSet(pid: number): bigint | null {
  const line = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`) ?? "");
  return line ? BigInt(`0x${line[1]}`) : null;
}

/**
 * Bytes of files that a process has mapped and that are in memory: `rss` counts each page whole, `pss` its part among all who
 * map it. `null` when it is gone. Costs a walk over its page tables. proc_pid_smaps(5).
 */
export function mappedFiles(pid: number): { rss: number; pss: number } | null {
  const rss = kibibytes(read(`/proc/${pid}/status`) ?? "", "RssFile");
  const pss = kibibytes(read(`/proc/${pid}/smaps_rollup`) ?? "", "Pss_File");
  return rss === null || pss === null ? null : { rss, pss };
}
