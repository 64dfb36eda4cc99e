/**
 * What the host has to share out: memory, swap space, CPUs.
 *
 * What must never happen here: keeping a figure; CPUs and swap come and go while the daemon runs.
 */
import { readFileSync } from "node:fs";
import type { LevelHost } from "../../spec/level.ts";
import { meminfo } from "./text.ts";

/** Reads the host's capacity; `root` is where /proc and /sys are found. Throws what reading throws. */
export function capacity(root = "/"): LevelHost {
  const memory = meminfo(readFileSync(`${root}proc/meminfo`, "latin1"));
  const cpus = readFileSync(`${root}sys/devices/system/cpu/online`, "latin1").trim();
  return { memory: memory.MemTotal ?? 0, swap: memory.SwapTotal ?? 0, cpus };
}
