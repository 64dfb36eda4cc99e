import { chmodSync, mkdirSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { WarrenError } from "../../spec/errors.ts";
import { ioctl } from "../syscall/index.ts";
import type { FileSystemQuotas } from "./index.ts";
import { withDir } from "./project.ts";
import { qgroupLimit, qgroupOf, qgroupSearch } from "./text.ts";

/** Requests of linux/btrfs.h. */
const SUBVOL_CREATE = 0x5000940e;
const QUOTA_CTL = 0xc0109428;
const QGROUP_LIMIT = 0x8030942b;
const TREE_SEARCH = 0xd0009411;
const INO_LOOKUP = 0xd0009412;
/** Inode of every subvolume's top directory, BTRFS_FIRST_FREE_OBJECTID. */
const TOP = 256;

/** Number of the subvolume that a directory is the top of; `null` when it is none. */
function subvolume(fd: number, path: string): bigint | null {
  if (statSync(path).ino !== TOP) return null;
  // struct btrfs_ioctl_ino_lookup_args { treeid, objectid, name }: the kernel fills in the tree of the descriptor.
  const bytes = new Uint8Array(4096);
  new DataView(bytes.buffer).setBigUint64(8, BigInt(TOP), true);
  ioctl(fd, INO_LOOKUP, bytes, path);
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** Quota groups of btrfs: every container is a subvolume. It counts bytes; files it doesn't. */
export function btrfsQuotas(): FileSystemQuotas {
  const read: FileSystemQuotas["read"] = (path) =>
    withDir(path, (fd) => {
      const id = subvolume(fd, path);
      if (id === null) return null;
      const found = qgroupSearch(id);
      try {
        ioctl(fd, TREE_SEARCH, found, path);
      } catch {
        // There is no quota tree before quotas are on.
        return { space: null, inodes: null, heldSpace: 0, heldInodes: 0 };
      }
      return qgroupOf(found, id) ?? { space: null, inodes: null, heldSpace: 0, heldInodes: 0 };
    });

  return {
    type: "btrfs",
    missing: (dir, which) =>
      which === "inodes" ? `${dir} is on a file system that counts bytes and no files` : null,
    makeTree(path) {
      withDir(dirname(path), (fd) => {
        // struct btrfs_ioctl_vol_args { fd, name[4088] }
        const bytes = new Uint8Array(4096);
        bytes.set(Buffer.from(basename(path)), 8);
        ioctl(fd, SUBVOL_CREATE, bytes, path);
      });
      chmodSync(path, 0o700);
    },
    adopt: () => undefined,
    read,
    limit(path, _project, _which, most) {
      withDir(path, (fd) => {
        if (subvolume(fd, path) === null)
          throw new WarrenError("REFUSED", `${path} is no subvolume of btrfs`, "copy the container", {
            path,
          });
        // BTRFS_QUOTA_CTL_ENABLE; counting costs something, so it begins with the first limit.
        const enable = new Uint8Array(16);
        enable[0] = 1;
        if (most !== null) ioctl(fd, QUOTA_CTL, enable, path);
        if (most !== null || read(path, 0)?.space) ioctl(fd, QGROUP_LIMIT, qgroupLimit(most), path);
      });
    },
    forget: () => undefined,
  };
}

/** Where neither is: a plain directory. */
export function noQuotas(dir: string, type: string): FileSystemQuotas {
  return {
    type,
    missing: () =>
      `${dir} is on ${type}, which has no quota of trees: put it on xfs or ext4 with project quota, or on btrfs, or make a pool`,
    makeTree: (path) => mkdirSync(path, { mode: 0o700 }),
    adopt: () => undefined,
    read: () => null,
    limit: () => undefined,
    forget: () => undefined,
  };
}
