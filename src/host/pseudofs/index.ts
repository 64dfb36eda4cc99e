/**
 * A guest's terminals and shared memory: file systems of the kernel that are mounted by the host and shown to the guest,
 * so that their limits are out of its reach (a remount asks for rights over the user namespace they were mounted in).
 *
 * What must never happen here: a path below a guest's tree.
 */
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statfsSync, statSync } from "node:fs";
import { bytes } from "../../spec/codec.ts";
import { WarrenError } from "../../spec/errors.ts";
import { mount, unmount } from "../syscall/index.ts";
import { ptsOptions, ptyLimits, shmOptions } from "./text.ts";

export { MOST_PTYS, ptsOptions, shmOptions } from "./text.ts";

/** nosuid and noexec (terminals), nosuid and nodev (shared memory): as every distribution has them. */
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;
const MS_REMOUNT = 32;

/** Mounts terminals at `at`, at most `max` at one time; `base` is the guest's first host id. */
export function mountPts(at: string, base: number, max: number): void {
  mkdirSync(at, { recursive: true });
  mount("devpts", at, "devpts", MS_NOSUID | MS_NOEXEC, ptsOptions(base, max));
}

/** Mounts shared memory at `at`, at most `size` bytes; what is in it counts as memory of who wrote it. */
export function mountShm(at: string, base: number, size: number): void {
  mkdirSync(at, { recursive: true });
  mount("shm", at, "tmpfs", MS_NOSUID | MS_NODEV, shmOptions(base, size));
}

/** Changes how many terminals there may be; those that are open stay. */
export function limitPts(at: string, base: number, max: number): void {
  mount("devpts", at, "devpts", MS_REMOUNT | MS_NOSUID | MS_NOEXEC, ptsOptions(base, max));
}

/** Changes how much shared memory there may be. Throws REFUSED when more is held. */
export function limitShm(at: string, base: number, size: number): void {
  try {
    mount("shm", at, "tmpfs", MS_REMOUNT | MS_NOSUID | MS_NODEV, shmOptions(base, size));
  } catch (error) {
    const held = shmUse(at)?.held ?? 0;
    if (held <= size) throw error;
    throw new WarrenError(
      "REFUSED",
      `${bytes.format(held)} are held in /dev/shm, more than ${bytes.format(size)}`,
      "delete something there or give more",
      { held, wanted: size },
    );
  }
}

/** Bytes that shared memory may have and has; `null` when nothing is mounted at `at`. */
export function shmUse(at: string): { size: number; held: number } | null {
  if (!isMounted(at)) return null;
  const { blocks, bfree, bsize } = statfsSync(at);
  return { size: blocks * bsize, held: (blocks - bfree) * bsize };
}

/** Terminals that are open; `null` when nothing is mounted at `at`. */
export function ptysOpen(at: string): number | null {
  // `ptmx` is always there and none of them.
  return isMounted(at) ? readdirSync(at).length - 1 : null;
}

/** How many terminals there may be, for every mount of such on the host. */
export function ptysAllowed(): Map<string, number> {
  return ptyLimits(readFileSync("/proc/self/mountinfo", "latin1"));
}

/** Takes a mount and its directory away; one that isn't there is no error. */
export function release(at: string): void {
  unmount(at);
  try {
    rmdirSync(at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function isMounted(at: string): boolean {
  try {
    return statSync(at).dev !== statSync(`${at}/..`).dev;
  } catch {
    return false;
  }
}
