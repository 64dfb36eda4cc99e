/**
 * What the host has to share out: memory, swap space, CPUs, disks, limits of processes.
 *
 * What must never happen here: keeping a figure; CPUs and swap come and go while the daemon runs.
 */
import { readFileSync, realpathSync, statSync } from "node:fs";
import type { LevelHost } from "../../spec/level.ts";
import { COST_FILE } from "../../spec/levels/io.ts";
import { deviceNumbers, mountHolding } from "../proc/text.ts";
import { chosenScheduler, costed, hardLimits, meminfo, raises } from "./text.ts";

/**
 * Reads the host's capacity; `state` is where the images are, `pool` where the containers' own files are, `root` where
 * /proc and /sys are found. Throws what reading throws.
 */
export function capacity(state = "/", pool = state, root = "/"): LevelHost {
  const read = (path: string): string => readFileSync(`${root}${path}`, "latin1");
  const below = disksBehind(state, root);
  const disks = [...new Set([...below, ...(pool === state ? [] : disksBehind(pool, root))])];
  const memory = meminfo(read("proc/meminfo"));
  return {
    memory: memory.MemTotal ?? 0,
    swap: memory.SwapTotal ?? 0,
    cpus: read("sys/devices/system/cpu/online").trim(),
    nodes: optional(() => read("sys/devices/system/node/online").trim()) ?? "0",
    disks,
    // Of a pool in a file only what is behind the file is shared by weight.
    sharing: sharingOf(below, root),
    raises: raises(read("proc/self/status")),
    rlimits: hardLimits(read("proc/self/limits")),
    oomScore: Number(optional(() => read("proc/self/oom_score_adj")) ?? 0),
  };
}

function optional<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** What shares all of the disks by weight. */
function sharingOf(disks: readonly string[], root: string): LevelHost["sharing"] {
  const text = (path: string) => optional(() => readFileSync(`${root}${path}`, "latin1")) ?? "";
  if (disks.length === 0) return null;
  if (disks.every((disk) => chosenScheduler(text(`sys/dev/block/${disk}/queue/scheduler`)) === "bfq"))
    return "bfq";
  const costs = text(`sys/fs/cgroup/${COST_FILE}`);
  return disks.every((disk) => costed(costs, disk)) ? "iocost" : null;
}

/** The whole disks that writes below `path` go to: limits of I/O are theirs, not the partitions'. */
function disksBehind(path: string, root: string): string[] {
  const entryOf = (dev: number | null | undefined): string | null => {
    const { major, minor } = deviceNumbers(dev ?? 0);
    // Number 0 is of those without a device of their own, as of every subvolume of btrfs.
    return major === 0 ? null : optional(() => realpathSync(`${root}sys/dev/block/${major}:${minor}`));
  };
  // A host has mounts by the thousand, and this is asked at every start: most file systems tell their device themselves.
  const entry = entryOf(optional(() => statSync(path).dev)) ?? entryOf(sourceOf(path, root));
  if (!entry) return [];
  const isPart = optional(() => readFileSync(`${entry}/partition`)) !== null;
  const whole = optional(() => readFileSync(`${entry}${isPart ? "/.." : ""}/dev`, "latin1").trim());
  return whole ? [whole] : [];
}

/** Number of the device that is mounted there, as the mount says. */
function sourceOf(path: string, root: string): number | null {
  const mounts = optional(() => readFileSync(`${root}proc/self/mountinfo`, "latin1")) ?? "";
  const real = optional(() => realpathSync(path)) ?? path;
  const source = mountHolding(mounts, real)?.source;
  return source?.startsWith("/dev/") ? optional(() => statSync(source).rdev) : null;
}
