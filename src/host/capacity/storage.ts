import { statfsSync } from "node:fs";

/** Bytes of the file system that holds `path`: its size, what is used of it, what may still be written. Throws what statfs(2) throws. */
export function storage(path: string): { size: number; used: number; free: number } {
  const { blocks, bfree, bavail, bsize } = statfsSync(path);
  return { size: blocks * bsize, used: (blocks - bfree) * bsize, free: bavail * bsize };
}

/** statfs(2)'s number of btrfs. */
const BTRFS = 0x9123683e;

/** Whether btrfs holds `path`. Throws what statfs(2) throws. */
export const onBtrfs = (path: string): boolean => statfsSync(path).type === BTRFS;
