/** Pools: where the containers' own files are kept. */
import { WarrenError } from "./errors.ts";
import { printable } from "./name.ts";

/** The pool that is always there: the state directory. */
export const DEFAULT_POOL = "default";

/** File systems that a pool can be made with. */
export const POOL_FORMATS = ["xfs", "btrfs", "ext4"] as const;
export type PoolFormat = (typeof POOL_FORMATS)[number];

/** The state directory, a directory of the operator's, a file system in a file, one on a device. */
export const POOL_KINDS = ["state", "directory", "loop", "device"] as const;
export type PoolKind = (typeof POOL_KINDS)[number];

/** The record of a pool, as the store keeps it; the default one has none. */
export interface PoolRecord {
  name: string;
  kind: Exclude<PoolKind, "state">;
  /** Written into the pool, so that nothing else that is mounted there is taken for it; of a file system made for it the UUID. */
  id: string;
  /** The file system that was made for it; `null` for a directory, and until it is chosen. */
  format: PoolFormat | null;
  /** Directory that the containers' are in: the mount point, or the one that was given. */
  path: string;
  /** The file or device; `null` for a directory. */
  source: string | null;
  /** Whether a file has all its blocks from the beginning. */
  preallocated: boolean;
  /** `creating` and `deleting` are undone and finished at the next start of the daemon. */
  phase: "creating" | "ready" | "deleting";
  /** RFC 3339. */
  created: string;
  version: number;
}

/** What the file system of a pool can do. */
export interface PoolCapabilities {
  /** `disk.space` can be set. */
  spaceQuota: boolean;
  /** `disk.inodes` can be set. */
  inodeQuota: boolean;
  /** `df` in the container shows its own limit. */
  dfShowsQuota: boolean;
  /** A snapshot shares its blocks with the container. */
  cheapSnapshot: boolean;
}

/** Bytes and files of a file system; where files have no limit of their own, they are 0 of 0. */
export interface Room {
  size: number;
  used: number;
  free: number;
  files: number;
  filesFree: number;
}

/** A pool as the outside sees it. */
export interface Pool {
  name: string;
  kind: PoolKind;
  /** The file system's type; empty while it isn't there. */
  type: string;
  path: string;
  source: string | null;
  /** Why nothing in it can be used now; `null` when all is well. */
  missing: string | null;
  /** Whether new containers are made in it when nobody says where. */
  isDefault: boolean;
  capabilities: PoolCapabilities;
  /** `null` while it isn't there. */
  room: Room | null;
  containers: number;
  /** `null` for the default pool. */
  created: string | null;
}

/** What one container has in a pool; `null` where nobody counts, or no limit is set. */
export interface PoolUse {
  container: string;
  space: number | null;
  files: number | null;
  spaceLimit: number | null;
  filesLimit: number | null;
}

/** What `pool info` tells. */
export interface PoolInfo extends Pool {
  use: PoolUse[];
  /** Sum of the space limits of its containers, and how many have none. */
  promised: number;
  unlimited: number;
}

/** What `pool create` asks for: a directory, a device, or a file of a size. */
export interface PoolRequest {
  name: string;
  path?: string | undefined;
  device?: string | undefined;
  /** Bytes of the file. */
  size?: number | undefined;
  /** The best that this host can mount unless told. */
  format?: PoolFormat | undefined;
  preallocate?: boolean | undefined;
  /** Also when something is on the device; it is lost. */
  force?: boolean | undefined;
}

const NAME = /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/;

/** Checks a pool's name; throws BAD_NAME. */
export function poolName(text: string): string {
  if (NAME.test(text)) return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" is not a pool name`,
    "use 1 to 63 lower-case letters, digits, '.', '_' and '-', a letter or digit at both ends",
  );
}
