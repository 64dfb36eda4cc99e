import { existsSync, statSync, truncateSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";

/** Milliseconds that writing all blocks of a file may take. */
const LONGEST = 3_600_000;

/**
 * Makes a file of a size; without `preallocate` it takes room as it fills. Throws FAILED when the disk is full, BAD_VALUE for more
 * than a file can have there.
 */
export async function makeFile(
  path: string,
  size: number,
  preallocate: boolean,
  signal?: AbortSignal,
): Promise<void> {
  const argv = preallocate ? ["fallocate", "-l", String(size), path] : ["truncate", "-s", String(size), path];
  await run(argv, { timeout: LONGEST, signal }).catch((error: WarrenError) => {
    if (!String(error.details?.stderr).includes("File too large")) throw error;
    throw new WarrenError("BAD_VALUE", `no file can have ${size} bytes where ${path} is`, "give less");
  });
}

/** Bytes of a file. */
export const fileSize = (path: string): number => statSync(path).size;

/** The loop device of a file, made when there is none; losetup(8). Reading past the host's page cache where that can be. */
export async function attach(path: string): Promise<string> {
  const argv = ["losetup", "--find", "--show", "--nooverlap"];
  const { code, stdout } = await run([...argv, "--direct-io=on", path], { ok: [0, 1] });
  if (code === 0) return stdout.trim();
  return (await run([...argv, path])).stdout.trim();
}

/** The loop device that a file is on, or `null`. */
export async function loopOf(path: string): Promise<string | null> {
  const { stdout } = await run(["losetup", "--noheadings", "--output", "NAME", "--associated", path]);
  return stdout.trim().split("\n")[0] || null;
}

/** Lets a loop device go: at once, or when what is mounted from it goes. */
export async function detach(device: string): Promise<void> {
  await run(["losetup", "--detach", device]);
}

/** Makes a file larger, and its loop device with it. */
export async function growFile(path: string, size: number, preallocated: boolean): Promise<void> {
  if (size > fileSize(path)) {
    if (preallocated) await run(["fallocate", "-l", String(size), path], { timeout: LONGEST });
    else truncateSync(path, size);
  }
  const device = await loopOf(path);
  if (device !== null) await run(["losetup", "--set-capacity", device]);
}

/** Lets go of the loop device of a file; nothing when there is none. */
export async function detachFile(path: string): Promise<void> {
  if (!existsSync(path)) return;
  const device = await loopOf(path);
  // It may have gone with its mount meanwhile.
  if (device !== null) await run(["losetup", "--detach", device], { ok: [0, 1] });
}
