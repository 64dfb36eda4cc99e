/** What the host has for attacks, and whether it is well afterwards. */
import { closeSync, constants, existsSync, openSync, readFileSync, readSync } from "node:fs";
import type { Reserve } from "./attacks.ts";

const GIB = 2 ** 30;
/** Memory that no attack comes near: the host's, the victim's, and everybody else's on the machine. */
const KEPT = 3 * GIB;
/** Where the host's own limit is far away: as many as some seconds are enough for. */
const MOST_FILES = 5_000_000;

const number = (path: string): number => Number(readFileSync(path, "utf8").split(/\s/)[0]);
const available = (): number =>
  Number(/^MemAvailable:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]) * 1024;

/** How far attacks may go: all tables, and memory but for 3 GiB; a quarter of each when others use the machine. */
export function reserve(modest: boolean): Reserve {
  const part = modest ? 0.25 : 1;
  const connections = "/proc/sys/net/netfilter/nf_conntrack_max";
  return {
    memory: Math.max(GIB, (available() - KEPT) * part),
    files: Math.min(number("/proc/sys/fs/file-max"), MOST_FILES) * part,
    connections: (existsSync(connections) ? number(connections) : 262_144) * part,
  };
}

const memoryGroup = (pid: number | "self"): string | undefined =>
  readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .split("\n")
    .find((line) => /^\d+:(?:[^:]*,)?memory[,:]/.test(line) || line.startsWith("0::"));

/**
 * Whether a container's memory is counted apart from ours. Where it isn't, an attack is one on everything its manager was
 * started beside, and no run may make it.
 */
export const standsApart = (init: number): boolean => memoryGroup(init) !== memoryGroup("self");

/** Number of the kernel log's newest line (Documentation/ABI/testing/dev-kmsg), or `null` where it can't be read. */
export function logLine(): number | null {
  let last: number | null = null;
  try {
    const fd = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
    const record = Buffer.alloc(8192);
    try {
      for (;;) {
        const size = readSync(fd, record);
        if (size <= 0) break;
        last = Number(record.toString("latin1", 0, size).split(",", 2)[1]);
      }
    } finally {
      closeSync(fd);
    }
  } catch {
    // EAGAIN after the newest line.
  }
  return last;
}

/** Whether the host still starts programs and the container's init is the one it was. */
export function isWell(init: number, began: string): boolean {
  const { exitCode } = Bun.spawnSync(["/bin/true"], { timeout: 10_000 });
  return exitCode === 0 && startOf(init) === began;
}

/** When a process began, in clock ticks since boot (proc_pid_stat(5), field 22); empty when it is gone. */
export function startOf(pid: number): string {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /, "")
        .split(" ")[19] ?? ""
    );
  } catch {
    return "";
  }
}
