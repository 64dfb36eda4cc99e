/**
 * Control groups of the kernel, in both of its dialects.
 *
 * A group is named by its path from the hierarchy's root (`warren/web`), the same in every hierarchy. A controller
 * is a hierarchy of v1, or the one tree of v2; `unified` is the v2 tree on both, also beside v1. Reading is synchronous and costs microseconds; writing is not, for the
 * kernel may work long on it (taking memory back).
 *
 * What must never happen here: a file created, a write that lands outside of a cgroup file system, a process moved
 * between groups (each move costs a grace period of the whole kernel), a host's mount touched.
 */
import { readFileSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import type { Dialect } from "../../spec/level.ts";
import { type CgroupMounts, parseMounts } from "./text.ts";
import { openV1 } from "./v1/index.ts";
import { openV2 } from "./v2/index.ts";

export interface Cgroups {
  readonly dialect: Dialect;
  /** Controllers this host offers in its dialect. */
  readonly controllers: ReadonlySet<string>;
  /** Those of them that are on the v2 tree beside v1 hierarchies. */
  readonly beside: ReadonlySet<string>;
  /**
   * Makes sure that a group, which may not be there yet, has a controller of the tree beside v1: the kernel hands it
   * down only when told to. It stays: others may have come to use it, and without limits it does nothing. Throws FAILED.
   */
  handDown(group: string, controller: string): Promise<void>;
  /** Whether there is a group of that name; `.` is the hierarchy's root. */
  exists(group: string, controller: string): boolean;
  /** A group right below the root that has a controller, whosever it is; `null` when there is none. Nothing is to be written there. */
  neighbour(controller: string): string | null;
  /** What a file holds, without the last newline; `null` when there is no such group or file. Throws FAILED. */
  read(group: string, controller: string, file: string): string | null;
  /** Where a file of a group is, for those who write it without us. Throws UNSUPPORTED. */
  path(group: string, controller: string, file: string): string;
  /** Writes one value. Throws FAILED with `details` {op, path, value, errno}. */
  write(group: string, controller: string, file: string, text: string): Promise<void>;
  /** Groups below a group, parents before children, as paths from it (`guest`, `guest/a`); empty when there are none. */
  below(group: string, controller: string): string[];
  /** Ids of all processes in a group and below; empty when there is no such group. */
  processes(group: string): number[];
  /** The group Warren made for a process, whatever the guest made below it: `null` when the process is gone. */
  ofPid(pid: number): string | null;
  /** Halts every process of a group in place, or lets them run on. Throws TIMEOUT when the kernel doesn't manage. */
  freeze(group: string, frozen: boolean): Promise<void>;
  /** Whether every process of a group is halted; `false` when there is no such group. */
  frozen(group: string): boolean;
  /** Ends every process of a group, forks under way included; resolves when none is left. Throws TIMEOUT. */
  kill(group: string): Promise<void>;
  /** Removes a group and all below it from every hierarchy; none is no error. Throws IN_USE while processes are in it. */
  remove(group: string): Promise<void>;
  /** Begins the kernel's wait that comes before moves of processes, so that it is over when they are made. Never throws. */
  expectMoves(): void;
}

export interface CgroupOptions {
  /** Where the hierarchies are mounted. */
  root?: string;
  /** Where /proc is. */
  proc?: string;
}

/**
 * Opens the host's control groups; the dialect is the one that holds the memory controller.
 *
 * Throws UNSUPPORTED when neither dialect is mounted at `root`.
 */
export function openCgroups({ root = "/sys/fs/cgroup", proc = "/proc" }: CgroupOptions = {}): Cgroups {
  const mounts: CgroupMounts = parseMounts(readFileSync(`${proc}/self/mountinfo`, "latin1"), root);
  if (mounts.v1.has("memory")) return openV1(mounts, proc);
  if (mounts.v2 !== null) return openV2(mounts.v2, proc);
  throw new WarrenError(
    "UNSUPPORTED",
    `no control groups are mounted at ${root}`,
    "mount cgroup2 there: mount -t cgroup2 none /sys/fs/cgroup",
    { root },
  );
}
