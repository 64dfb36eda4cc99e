import { closeSync, constants, openSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { asWarrenError } from "../../spec/errors.ts";
import { onBtrfs } from "../capacity/storage.ts";
import { ioctl } from "../syscall/index.ts";

/** Inode of every subvolume's top directory. */
const TOP = 256;
/** BTRFS_IOC_SNAP_CREATE_V2 of linux/btrfs.h. */
const SNAP_CREATE_V2 = 0x50009417;
/** Errors that mean: copy it instead (another file system, not allowed there). */
const COPY_INSTEAD = new Set(["EXDEV", "EINVAL", "ENOTTY", "EOPNOTSUPP", "ENOTSUP"]);

/**
 * Makes `to`, which is not there, a writable snapshot of the subvolume `from`; false where that can't be. It is on disk
 * when this returns. linux/btrfs.h.
 */
export function snapshotSubvolume(from: string, to: string): boolean {
  if (!onBtrfs(from) || statSync(from).ino !== TOP) return false;
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const source = openSync(from, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const parent = openSync(dirname(to), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    // struct btrfs_ioctl_vol_args_v2 { fd, transid, flags, unused[4], name[4040] }
    const bytes = new Uint8Array(4096);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(source), true);
    bytes.set(Buffer.from(basename(to)), 56);
    ioctl(parent, SNAP_CREATE_V2, bytes, to);
    return true;
  } catch (error) {
    if (COPY_INSTEAD.has(String(asWarrenError(error).details?.errno))) return false;
    throw error;
  } finally {
    closeSync(source);
    closeSync(parent);
  }
}
