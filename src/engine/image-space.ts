import { statfsSync } from "node:fs";

/** Of the disk stays free whatever an archive says: a twentieth, at least 256 MiB. */
const RESERVE_SHARE = 20;
const RESERVE_LEAST = 256 * 2 ** 20;

/** What an archive may take of the file system of `path`, in bytes: what must stay free, and what one file may have. */
export function spaceAt(path: string): { reserve: number; largestFile: number } {
  const { bavail, bsize, blocks } = statfsSync(path);
  const reserve = Math.max(RESERVE_LEAST, Math.floor((blocks * bsize) / RESERVE_SHARE));
  return { reserve, largestFile: Math.max(0, bavail * bsize - reserve) };
}
