/** How much memory containers take beyond what their own processes hold. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A moment of the machine's memory, in bytes. */
export interface Held {
  /** What could be given to new programs: MemAvailable of /proc/meminfo. */
  available: number;
  /** Proportional share (PSS) of each process, by pid. */
  guests: Map<number, number>;
  own: Map<number, number>;
}

/** Bytes a container takes. */
export interface Share {
  /** All that the machine lost, less the guests' processes. */
  whole: number;
  /** Of it the manager's own processes: daemon, monitors, shims. */
  processes: number;
  /** Of the guests' processes, which does not count. */
  guest: number;
}

const text = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};
const link = (path: string): string => {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
};
const kilobytes = (from: string, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(from)?.[1] ?? 0) * 1024;

/** Pids of all processes; those in a pid namespace other than ours are guests. */
function processes(): { pid: number; guest: boolean }[] {
  const ours = link("/proc/self/ns/pid");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), at: link(`/proc/${name}/ns/pid`) }))
    .filter(({ at }) => at !== "")
    .map(({ pid, at }) => ({ pid, guest: at !== ours }));
}

/** Processes of a manager outside of its containers: those that name its directory, and `more`. */
export function ownProcesses(dir: string, more: readonly number[] = []): number[] {
  return processes()
    .filter(({ pid, guest }) => !guest && pid !== process.pid)
    .filter(({ pid }) => more.includes(pid) || text(`/proc/${pid}/cmdline`).includes(dir))
    .map(({ pid }) => pid);
}

/** Looks at the memory now. */
export function held(dir: string, more: readonly number[] = []): Held {
  const share = (pid: number): [number, number] => [pid, kilobytes(text(`/proc/${pid}/smaps_rollup`), "Pss")];
  const guests = new Map(
    processes()
      .filter(({ guest }) => guest)
      .map(({ pid }) => share(pid)),
  );
  const own = new Map(ownProcesses(dir, more).map(share));
  return { available: kilobytes(text("/proc/meminfo"), "MemAvailable"), guests, own };
}

const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);

/** What each of `count` containers took that were launched between two moments. */
export function shareOf(before: Held, after: Held, count: number): Share {
  // Only processes that were not there before: other containers of the host are somebody else's.
  const guests = [...after.guests].filter(([pid]) => !before.guests.has(pid)).map(([, bytes]) => bytes);
  const guest = sum(guests) / count;
  return {
    whole: (before.available - after.available) / count - guest,
    processes: (sum(after.own.values()) - sum(before.own.values())) / count,
    guest,
  };
}

/** Resident memory of a manager's own processes together, in bytes. */
export const residentSize = (pids: readonly number[]): number =>
  sum(pids.map((pid) => kilobytes(text(`/proc/${pid}/status`), "VmRSS")));
