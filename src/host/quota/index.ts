/**
 * How much of a file system the tree of one container may take: project quota (xfs, ext4) or quota groups (btrfs).
 *
 * What must never happen here: following a guest's link; quotas turned on for a file system that nobody asked a limit of.
 */
import { readFileSync, statfsSync } from "node:fs";
import { onBtrfs } from "../capacity/storage.ts";
import { mountHolding } from "../proc/text.ts";
import { btrfsQuotas, noQuotas } from "./btrfs.ts";
import { projectQuotas } from "./project.ts";
import type { Quota } from "./text.ts";

export type { Quota } from "./text.ts";

export interface Quotas {
  /** Why what trees below `dir` take can't be limited, bytes unless files are asked for, or `null`. */
  missing(dir: string, which?: "space" | "inodes"): string | null;
  /** Makes the directory of a container so that it can be limited. `project` is a number of its own on this host. */
  makeTree(path: string, project: number): void;
  /**
   * Counts what a container has already, made before there were quotas; one look where that was done. Never while it
   * runs: it walks the guest's tree by path.
   */
  adopt(path: string, project: number): void;
  /** What a tree may hold and holds; `null` when it can't be limited. */
  read(path: string, project: number): Quota | null;
  /** Sets one limit, `null` for none. Throws FAILED, REFUSED. */
  limit(path: string, project: number, which: "space" | "inodes", most: number | null): void;
  /** Forgets the limits of a container that is gone; `dir` is any directory of the file system. */
  forget(dir: string, project: number): void;
}

/** Those of one file system. */
export interface FileSystemQuotas extends Quotas {
  /** Its type, as /proc/self/mountinfo calls it. */
  readonly type: string;
}

/** Magic numbers of statfs(2). */
const XFS = 0x58465342;
const EXT4 = 0xef53;

/** The quotas of the file system that holds `dir`. */
export function openQuotas(dir: string): FileSystemQuotas {
  if (onBtrfs(dir)) return btrfsQuotas();
  const { type } = statfsSync(dir);
  const found = mountHolding(readFileSync("/proc/self/mountinfo", "latin1"), dir);
  const mount = found ?? { at: "", type: "an unknown file system" };
  if (type === XFS || type === EXT4) return projectQuotas(mount.type, mount.at);
  return noQuotas(dir, mount.type);
}
