/** Structures of quotactl(2), ioctl_fsxattr and btrfs, as the kernel lays them out (little endian, x86-64 and arm64). */

/** What a tree may hold and holds, in bytes and files; `null` is no limit. */
export interface Quota {
  space: number | null;
  inodes: number | null;
  heldSpace: number;
  heldInodes: number;
}

/** struct if_dqblk (linux/quota.h): space limits count in KiB, use in bytes. */
const DQBLK = { size: 72, space: 0, used: 16, inodes: 24, usedInodes: 40, valid: 64 };
const BLOCK = 1024;
/** QIF_BLIMITS, QIF_ILIMITS. */
const SPACE_LIMITS = 1;
const INODE_LIMITS = 4;

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const limitOf = (value: number): number | null => (value === 0 ? null : value);

/** An empty structure for the kernel to fill. */
export const emptyDqblk = (): Uint8Array => new Uint8Array(DQBLK.size);

/** The structure that sets one limit and leaves the other alone. */
export function dqblkOf(which: "space" | "inodes", limit: number | null): Uint8Array {
  const bytes = emptyDqblk();
  const most = limit === null ? 0 : which === "space" ? Math.max(1, Math.floor(limit / BLOCK)) : limit;
  view(bytes).setBigUint64(which === "space" ? DQBLK.space : DQBLK.inodes, BigInt(most), true);
  view(bytes).setUint32(DQBLK.valid, which === "space" ? SPACE_LIMITS : INODE_LIMITS, true);
  return bytes;
}

/** What the kernel filled in. */
export function quotaOf(dqblk: Uint8Array): Quota {
  const at = (offset: number): number => Number(view(dqblk).getBigUint64(offset, true));
  return {
    space: limitOf(at(DQBLK.space) * BLOCK),
    inodes: limitOf(at(DQBLK.inodes)),
    heldSpace: at(DQBLK.used),
    heldInodes: at(DQBLK.usedInodes),
  };
}

/** struct fsxattr (linux/fs.h). */
export const FSXATTR = { size: 28, flags: 0, project: 12 };
/** New files below take the directory's project. */
const FS_XFLAG_PROJINHERIT = 0x200;

/**
 * Puts a project into a structure the kernel filled for a directory or a file; false when it was there already. Files have
 * nobody to hand it to: ext4 refuses the flag on them with EOPNOTSUPP, xfs takes no notice.
 */
export function setProject(fsxattr: Uint8Array, project: number, directory: boolean): boolean {
  const at = view(fsxattr);
  const flags = at.getUint32(FSXATTR.flags, true);
  const wanted = directory ? flags | FS_XFLAG_PROJINHERIT : flags;
  if (at.getUint32(FSXATTR.project, true) === project && flags === wanted) return false;
  at.setUint32(FSXATTR.flags, wanted, true);
  at.setUint32(FSXATTR.project, project, true);
  return true;
}

/** struct btrfs_ioctl_qgroup_limit_args for the subvolume a descriptor is of; all ones clear a limit. */
export function qgroupLimit(most: number | null): Uint8Array {
  const BTRFS_QGROUP_LIMIT_MAX_RFER = 1n;
  const NONE = 2n ** 64n - 1n;
  const words = new BigUint64Array([
    0n,
    BTRFS_QGROUP_LIMIT_MAX_RFER,
    most === null ? NONE : BigInt(most),
    0n,
    0n,
    0n,
  ]);
  return new Uint8Array(words.buffer);
}

/** struct btrfs_ioctl_search_args for the two items of one qgroup in the quota tree. */
export function qgroupSearch(subvolume: bigint): Uint8Array {
  const bytes = new Uint8Array(4096);
  const at = view(bytes);
  const QUOTA_TREE = 8n;
  const NONE = 2n ** 64n - 1n;
  // tree_id, min/max_objectid (0), min/max_offset (the qgroup), min/max_transid, min/max_type, nr_items
  at.setBigUint64(0, QUOTA_TREE, true);
  at.setBigUint64(24, subvolume, true);
  at.setBigUint64(32, subvolume, true);
  at.setBigUint64(48, NONE, true);
  at.setUint32(56, QGROUP_INFO, true);
  at.setUint32(60, QGROUP_LIMIT, true);
  at.setUint32(64, 64, true);
  return bytes;
}
const QGROUP_INFO = 242;
const QGROUP_LIMIT = 244;
/** Where results begin behind the search key, and how long a result's header is. */
const RESULTS = 104;
const HEADER = 32;

/** What a search found: bytes referenced, and the limit on them; `null` when there is no such qgroup. */
export function qgroupOf(search: Uint8Array, subvolume: bigint): Quota | null {
  const at = view(search);
  let [held, space]: [number | null, number | null] = [null, null];
  let offset = RESULTS;
  for (let left = at.getUint32(64, true); left > 0; left--) {
    const [group, type] = [at.getBigUint64(offset + 16, true), at.getUint32(offset + 24, true)];
    const data = offset + HEADER;
    // Both items begin with 8 bytes (generation, flags) and the figure of what is referenced.
    if (group === subvolume && type === QGROUP_INFO) held = Number(at.getBigUint64(data + 8, true));
    if (group === subvolume && type === QGROUP_LIMIT && at.getBigUint64(data, true) & 1n)
      space = asLimit(at.getBigUint64(data + 8, true));
    offset = data + at.getUint32(offset + 28, true);
  }
  return held === null ? null : { space, inodes: null, heldSpace: held, heldInodes: 0 };
}
const asLimit = (value: bigint): number | null => (value >= 2n ** 62n ? null : Number(value));
