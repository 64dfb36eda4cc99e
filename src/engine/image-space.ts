import { statfsSync } from "node:fs";
import { bytes } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";

/** Of the disk stays free whatever an archive says: a twentieth, at least 256 MiB, yet no more than a quarter of a small one. */
const RESERVE_SHARE = 20;
const RESERVE_LEAST = 256 * 2 ** 20;
const RESERVE_MOST_SHARE = 4;

/** What must stay free of a file system of so many bytes. */
export const reserveOf = (size: number): number =>
  Math.max(Math.min(RESERVE_LEAST, Math.floor(size / RESERVE_MOST_SHARE)), Math.floor(size / RESERVE_SHARE));

/**
 * What an archive may take of the file system of `path`, in bytes: what must stay free, and what one file may have. Throws
 * FAILED when there is no room for any.
 */
export function spaceAt(path: string): { reserve: number; largestFile: number } {
  const { bavail, bsize, blocks } = statfsSync(path);
  const [free, reserve] = [bavail * bsize, reserveOf(blocks * bsize)];
  if (free > reserve) return { reserve, largestFile: free - reserve };
  throw new WarrenError(
    "FAILED",
    `the disk of the images has ${bytes.format(free)} free, and ${bytes.format(reserve)} of it are kept for containers`,
    "make room: `warren image prune`, or delete what nobody needs",
  );
}
