/**
 * File systems for containers: made in a file or on a device, mounted, grown.
 *
 * What must never happen here: a file system made on a device that somebody uses, or over one that nobody gave up.
 */
import {
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { statfs } from "node:fs/promises";
import { WarrenError } from "../../spec/errors.ts";
import type { PoolFormat, Room } from "../../spec/pool.ts";
import { run } from "../exec/index.ts";
import { mounts } from "../proc/index.ts";
import { unmount } from "../syscall/index.ts";
import { attach, detach } from "./loop.ts";
import { growCommand, makeCommand, mountOptions, signaturesIn, sourceAt } from "./text.ts";

export { detachFile, fileSize, growFile, loopOf, makeFile } from "./loop.ts";

/** Milliseconds that making, mounting (with a journal to replay) or growing a file system may take. */
const LONGEST = 600_000;

/** What is to be mounted. */
export interface Volume {
  /** A file or a block device. */
  source: string;
  isFile: boolean;
  format: PoolFormat;
  /** Its UUID. */
  id: string;
  /** Whether a file takes its room as it fills. */
  sparse: boolean;
}

/** Makes a file system. Throws FAILED, UNSUPPORTED when its tool isn't there. */
export async function makeFileSystem(
  { source, format, id }: Volume,
  quota: boolean,
  signal?: AbortSignal,
): Promise<void> {
  await run(makeCommand(format, source, { id, quota }), { timeout: LONGEST, signal });
}

/** Mounts one on the directory `at`, with project quota or without. Throws FAILED; then nothing is left. */
export async function mountVolume(volume: Volume, at: string, quota: boolean): Promise<void> {
  const { source, isFile, format, id, sparse } = volume;
  const options = mountOptions(format, { quota, sparse: isFile && sparse });
  // A device may have another name after the host's next boot; its file system's UUID stays.
  const from = isFile ? await attach(source) : `UUID=${id}`;
  try {
    await run(["mount", "-t", format, "-o", options, from, at], { timeout: LONGEST });
  } finally {
    // While it is mounted this only says that the device goes with the mount.
    if (isFile) await detach(from);
  }
}

/** Whether something is mounted on a directory. */
export const isMounted = (at: string): boolean => mounts().includes(at);

/** Takes the mount on a directory away; it ends when nobody uses it any more. No error when there is none. */
export function unmountVolume(at: string): void {
  unmount(at);
}

/** Makes a mounted file system as large as its device. */
export async function growFileSystem(format: PoolFormat, at: string, device: string): Promise<void> {
  await run(growCommand(format, at, device), { timeout: LONGEST });
}

/** The device that is mounted on a directory, or `null`. */
export function deviceAt(at: string): string | null {
  return sourceAt(readFileSync("/proc/self/mountinfo", "latin1"), at);
}

/**
 * What is on a device, by wipefs(8): file systems, partition tables. Throws NO_FILE when it is no block device, and IN_USE
 * when it is mounted or part of something.
 */
export async function signatures(device: string): Promise<string[]> {
  const fail = (code: "NO_FILE" | "IN_USE", why: string, fix: string) =>
    new WarrenError(code, `${device} ${why}`, fix, { device });
  if (!statSync(device, { throwIfNoEntry: false })?.isBlockDevice())
    throw fail("NO_FILE", "is no block device", "see lsblk");
  let fd: number;
  try {
    // Of a block device O_EXCL means: only if nobody else has it (open(2)).
    fd = openSync(device, constants.O_RDONLY | constants.O_EXCL);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EBUSY") throw fail("IN_USE", "is in use", "unmount it, or choose another");
    throw fail("NO_FILE", `can't be opened: ${code}`, "see lsblk");
  }
  closeSync(fd);
  const { stdout } = await run(["wipefs", "--no-act", "--noheadings", "--output", "TYPE", device]);
  return signaturesIn(stdout);
}

/** Resolves when nobody has a device any more, or after `patience` ms. */
export async function released(device: string, patience: number): Promise<void> {
  for (const until = Date.now() + patience; Date.now() < until; await Bun.sleep(20)) {
    try {
      closeSync(openSync(device, constants.O_RDONLY | constants.O_EXCL));
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "EBUSY") return;
    }
  }
}

/** Bytes of a block device. */
export async function deviceSize(device: string): Promise<number> {
  return Number((await run(["blockdev", "--getsize64", device])).stdout.trim());
}

/** Whether a copy of a file shares its blocks in a directory; makes two files there and removes them. ioctl_ficlone(2). */
export function sharesBlocks(dir: string): boolean {
  const files = [`${dir}/probe`, `${dir}/probe.copy`] as const;
  try {
    // More than btrfs keeps beside its metadata.
    writeFileSync(files[0], "x".repeat(16_384));
    copyFileSync(...files, constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    for (const file of files) rmSync(file, { force: true });
  }
}

/** Room of the file system that holds `path`; asked off the daemon's thread, for a network's may hang. */
export async function roomOf(path: string): Promise<Room> {
  const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
  return {
    size: blocks * bsize,
    used: (blocks - bfree) * bsize,
    free: bavail * bsize,
    files,
    filesFree: ffree,
  };
}

/** Bytes on disk and files of a tree, by du(1); `null` when that takes longer than `patience` ms. */
export async function weigh(
  path: string,
  patience: number,
): Promise<{ space: number; files: number } | null> {
  const of = async (...options: string[]): Promise<number> => {
    const { stdout } = await run(["du", "-s", "-x", ...options, "--", path], {
      timeout: patience,
      ok: [0, 1],
    });
    return Number.parseInt(stdout, 10);
  };
  try {
    const [space, files] = await Promise.all([of("-B1"), of("--inodes")]);
    return { space, files };
  } catch {
    return null;
  }
}
