/**
 * How much work has to wait on this host: the kernel's pressure stall information.
 *
 * What must never happen here: a figure made up where the kernel gives none; then the load average stands in.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { loadShare, stalled } from "./text.ts";

/** Microseconds stalled since the host's boot, and when that was read. */
export interface Stall {
  at: number;
  cpu: number | null;
  memory: number | null;
  io: number | null;
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // ENOENT without CONFIG_PSI, EOPNOTSUPP where it is switched off (psi=1 switches it on).
    return null;
  }
};

/** Reads the counters now (Documentation/accounting/psi.rst, Linux 4.20). */
export function stall(): Stall {
  const total = (name: string, line: "some" | "full"): number | null =>
    stalled(read(`/proc/pressure/${name}`), line);
  return {
    at: performance.now(),
    cpu: total("cpu", "some"),
    memory: total("memory", "full"),
    io: total("io", "full"),
  };
}

/** Shares of the time between two readings in which work had to wait. */
export function pressureBetween(a: Stall, b: Stall): { cpu: number; memory: number; io: number } {
  const share = (from: number | null, to: number | null): number | null =>
    from === null || to === null ? null : Math.min(1, (to - from) / Math.max(1, (b.at - a.at) * 1000));
  const load = loadShare(read("/proc/loadavg") ?? "", availableParallelism());
  return {
    cpu: share(a.cpu, b.cpu) ?? load,
    memory: share(a.memory, b.memory) ?? 0,
    io: share(a.io, b.io) ?? 0,
  };
}
