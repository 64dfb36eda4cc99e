/** Which file system a pool gets, and when its room is worth an event; pure. */
import { bytes } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";
import { POOL_FORMATS, type PoolFormat, type PoolRequest, type Room } from "../spec/pool.ts";
import { isNear } from "./watch.ts";

const MIB = 1024 ** 2;

/** Bytes that each needs for a file system worth having: mkfs.xfs(8) and mkfs.btrfs(8) refuse less. */
export const LEAST: Readonly<Record<PoolFormat, number>> = {
  xfs: 300 * MIB,
  btrfs: 128 * MIB,
  ext4: 16 * MIB,
};

/** A file system to try, with project quota or without. */
export interface Candidate {
  format: PoolFormat;
  quota: boolean;
}

/**
 * What to try, the best first: xfs limits space and files and shows it in `df`, btrfs limits space and snapshots in one
 * step, ext4 comes with every kernel. Without its quota only what was asked for by name, or else ext4, is good enough.
 * Throws BAD_VALUE when `size` is too small.
 */
export function formatsFor(size: number, wanted?: PoolFormat): Candidate[] {
  const asked = wanted === undefined ? POOL_FORMATS : [wanted];
  const fit = asked.filter((format) => size >= LEAST[format]);
  const candidates = fit.map((format) => ({ format, quota: true }));
  const last = wanted ?? "ext4";
  if (fit.includes(last) && last !== "btrfs") candidates.push({ format: last, quota: false });
  if (candidates.length > 0) return candidates;
  const least = Math.min(...asked.map((format) => LEAST[format]));
  throw new WarrenError(
    "BAD_VALUE",
    `a pool${wanted === undefined ? "" : ` of ${wanted}`} of ${bytes.format(size)} is too small`,
    `give it at least ${bytes.format(least)}`,
    { size, least },
  );
}

/** What kind of pool is asked for. Throws USAGE when the request says two things or none. */
export function kindOf(request: PoolRequest): "directory" | "loop" | "device" {
  const { path, device, size, format, preallocate, force } = request;
  const usage = (why: string) =>
    new WarrenError("USAGE", why, "give one of --path DIR, --device DEVICE and --size SIZE");
  const given = [path, device, size].filter((each) => each !== undefined).length;
  if (given !== 1) throw usage(given === 0 ? "nothing says where the pool is" : "a pool is in one place");
  if (path !== undefined && format !== undefined) throw usage("a directory has the format that it has");
  if (size === undefined && preallocate) throw usage("only a file of a size can have its blocks beforehand");
  if (device === undefined && force) throw usage("only a device can be forced");
  return path !== undefined ? "directory" : device !== undefined ? "device" : "loop";
}

/** How full a pool is. */
export type Fill = "ok" | "near" | "full";

/** Less than this part free, and less than so many bytes, is the wall: file systems stop a little before the last block. */
const WALL = { part: 0.01, bytes: 8 * MIB };

/** How full a pool is, given how full it was; `near` is the threshold, `null` for none. */
export function fillOf({ size, used, free, files, filesFree }: Room, near: number | null, was: Fill): Fill {
  if (size > 0 && free < Math.min(WALL.bytes, size * WALL.part)) return "full";
  if (files > 0 && filesFree === 0) return "full";
  if (near === null) return "ok";
  const wasNear = was !== "ok";
  // What root keeps for itself is nobody's room: used and free together are.
  const isClose = isNear(used, used + free, near, wasNear) || isNear(files - filesFree, files, near, wasNear);
  return isClose ? "near" : "ok";
}
