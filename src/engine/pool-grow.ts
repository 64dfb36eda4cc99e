import { capacity } from "../host/capacity/index.ts";
import { deviceAt, fileSize, growFile, growFileSystem } from "../host/pool/index.ts";
import { bytes } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";
import type { PoolRecord } from "../spec/pool.ts";

/** Makes a mounted pool larger while containers run in it; can be done again when it was interrupted. Throws REFUSED, BAD_VALUE, FAILED. */
export async function growPool(r: PoolRecord | null, size?: number): Promise<void> {
  if (!r?.format || !r.source)
    throw new WarrenError(
      "REFUSED",
      "a pool that is a directory grows with the file system it is on",
      "make that one larger",
    );
  // EXT4_IOC_RESIZE_FS asks for it (fs/ext4/resize.c).
  if (r.format === "ext4" && !capacity().raises)
    throw new WarrenError(
      "UNSUPPORTED",
      "ext4 can't be made larger while it is mounted: the daemon has no CAP_SYS_RESOURCE",
      "give it that, or make a larger pool and move the containers there",
    );
  if (r.kind === "loop") await growLoop(r, r.source, size);
  else if (size !== undefined)
    throw new WarrenError("USAGE", "a pool on a device is as large as the device", "leave the size out");
  const device = deviceAt(r.path);
  if (device === null)
    throw new WarrenError("FAILED", `nothing is mounted on ${r.path}`, "restart the daemon", {
      path: r.path,
    });
  await growFileSystem(r.format, r.path, device);
}

async function growLoop(r: PoolRecord, file: string, size?: number): Promise<void> {
  if (size === undefined) throw new WarrenError("USAGE", "nothing says how large it shall be", "give a size");
  const now = fileSize(file);
  if (size < now)
    throw new WarrenError(
      "BAD_VALUE",
      `a pool can't shrink: it has ${bytes.format(now)} and ${bytes.format(size)} is less`,
      "make a smaller one and move the containers there",
      { now, size },
    );
  await growFile(file, size, r.preallocated);
}
