/**
 * Kernel samepage merging: equal pages of processes that may be merged are kept once (Documentation/admin-guide/mm/ksm.rst).
 *
 * What must never happen here: the kernel's merging itself switched on or off, which is the host's; our own memory left
 * mergeable.
 */
import { readFileSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { readMerge, writeMerge } from "../syscall/index.ts";
import { merging, mergingPages } from "./text.ts";

const PAGE = 4096;

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // It is gone, or the kernel has no such file.
    return "";
  }
};

/** Why processes can't be told to let their memory be merged, or `null`. */
export const unmergeable = (): string | null =>
  readMerge() === null
    ? "the kernel can't merge the memory of whole processes (Linux 6.4, CONFIG_KSM)"
    : null;

/** Whether a process may be merged; `null` when it is gone. */
export function mayMerge(pid: number): boolean | null {
  const told = read(pid, "ksm_stat");
  if (told === "") return null;
  return merging(told) ?? merging(read(pid, "smaps")) ?? false;
}

/** Bytes of these processes that are kept once with others'. */
export const merged = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + mergingPages(read(pid, "ksm_stat")) * PAGE, 0);

/**
 * Does something that starts a process, which may then be merged with all that come of it; ours may only meanwhile.
 * Throws UNSUPPORTED.
 */
export function whileMerging<Answer>(work: () => Answer): Answer {
  if (!writeMerge(true))
    throw new WarrenError("UNSUPPORTED", "the kernel refuses to merge memory", "use Linux 6.4 or later");
  try {
    return work();
  } finally {
    writeMerge(false);
  }
}
