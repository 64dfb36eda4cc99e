import {
  type BigIntStats,
  chmodSync,
  closeSync,
  constants,
  copyFile,
  lchownSync,
  openSync,
  readSync,
} from "node:fs";
import { promisify } from "node:util";
import { setTimes } from "../syscall/times.ts";
import { type Attribute, setAttribute } from "../syscall/xattr.ts";
import { KEPT_ATTRIBUTES } from "./key.ts";

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, COPYFILE_EXCL, COPYFILE_FICLONE } = constants;
const CHUNK = 1 << 20;
const copyContent = promisify(copyFile);

/** Opens a regular file of a guest for reading, never through a link, never waiting for a FIFO. */
const openFile = (path: Buffer | string): number => openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

/** SHA-256 of files, in hex; one buffer serves all calls, so an instance is for one walk. */
export function contentReader(
  breathe: () => Promise<void> | undefined,
): (path: Buffer | string) => Promise<string> {
  const chunk = Buffer.allocUnsafe(CHUNK);
  return async (path) => {
    const hasher = new Bun.CryptoHasher("sha256");
    const file = openFile(path);
    try {
      for (let n = readSync(file, chunk); n > 0; n = readSync(file, chunk)) {
        hasher.update(n === CHUNK ? chunk : chunk.subarray(0, n));
        const pause = breathe();
        if (pause) await pause;
      }
    } finally {
      closeSync(file);
    }
    return hasher.digest("hex");
  };
}

/** A file and what is kept of it besides its content. */
export interface Original {
  path: Buffer;
  stat: BigIntStats;
  attributes: readonly Attribute[];
}

/**
 * Makes a new file like another: content (blocks are shared where the file system can), owner, mode, times, attributes.
 * Throws EEXIST.
 */
export async function copyFileTo({ path, stat, attributes }: Original, to: Buffer): Promise<void> {
  const file = openFile(path);
  try {
    await copyContent(`/proc/self/fd/${file}`, to, COPYFILE_EXCL | COPYFILE_FICLONE);
  } finally {
    closeSync(file);
  }
  lchownSync(to, Number(stat.uid), Number(stat.gid));
  // After the owner, whose change takes set-uid bits and capabilities away.
  chmodSync(to, Number(stat.mode) & 0o7777);
  for (const attribute of attributes) if (KEPT_ATTRIBUTES.test(attribute.name)) setAttribute(to, attribute);
  setTimes(to, stat);
}
