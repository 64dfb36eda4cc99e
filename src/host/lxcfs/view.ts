import { closeSync, openSync, readFileSync } from "node:fs";
import { run } from "../exec/index.ts";
import { cloneMount } from "../syscall/index.ts";
import { type StaleFile, staleFiles, viewDevice } from "./text.ts";

const O_PATH = 0o10000000;

/** Milliseconds for one mount; a guest may have put a file system of its own in the way, which need never answer. */
const TIMEOUT = 5_000;

function stale(pid: number, dir: string): StaleFile[] {
  const device = viewDevice(readFileSync("/proc/self/mountinfo", "utf8"), dir);
  try {
    return device === null ? [] : staleFiles(readFileSync(`/proc/${pid}/mountinfo`, "utf8"), device);
  } catch {
    return [];
  }
}

/** Whether the guest of init `pid` has files that the lxcfs at `dir` doesn't serve: an earlier one did, or none. */
export const isStale = (pid: number, dir: string): boolean => stale(pid, dir).length > 0;

/**
 * Gives a running guest the files of the lxcfs at `dir` in place of those of one that ended; answers whether there was
 * anything to do. `still` tells, once the guest is held, that `pid` is its init. Throws FAILED, TIMEOUT.
 *
 * Programs of the host do it inside the guest's mount namespace, with the host's root as theirs: no path of the guest
 * is ever executed, and whatever its names lead to, the kernel lets nothing be mounted or unmounted outside that
 * namespace. Sources: nsenter(1) --root, mount_namespaces(7), open_tree(2) OPEN_TREE_CLONE.
 */
export async function renewView(pid: number, dir: string, still: () => boolean): Promise<boolean> {
  const files = stale(pid, dir);
  if (files.length === 0) return false;
  const open: number[] = [];
  const held = (fd: number): string => {
    open.push(fd);
    return `/proc/${process.pid}/fd/${fd}`;
  };
  try {
    const namespace = held(openSync(`/proc/${pid}/ns/mnt`, "r"));
    const root = held(openSync(`/proc/${pid}/root`, O_PATH));
    if (!still()) return false;
    const inside = (...argv: string[]) =>
      run(["nsenter", `--mount=${namespace}`, "--root=/", "--", ...argv], { timeout: TIMEOUT });
    const covered = files.filter((each) => each.covered).map(({ file }) => `${root}/${file}`);
    if (covered.length > 0) await inside("umount", "--lazy", "--no-canonicalize", ...covered);
    for (const { file } of files) {
      const view = held(cloneMount(`${dir}/${file}`));
      await inside("mount", "--no-canonicalize", "--no-mtab", "--move", view, `${root}/${file}`);
    }
    return true;
  } finally {
    for (const fd of open) closeSync(fd);
  }
}
