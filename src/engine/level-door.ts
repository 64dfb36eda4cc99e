/** Levels that are not files of control groups come through doors, which look like one more controller. */
import type { Cgroups } from "../host/cgroup/index.ts";

/** The container that a level is read from or written to. */
export interface LevelTarget {
  name: string;
  uuid: string;
  /** Its own group. */
  cgroup: string;
  /** Process id of init; `null` while the container is about to start. */
  pid: number | null;
  /** The host's side of its network link. */
  link: string;
  addresses: readonly string[];
  /** First host id of its range. */
  base: number;
}

/** Stands for init's process id in the hook's lines, which are written before there is one. */
export const INIT_PID = "INIT";

/** Words for the settings of one door, by their `file`. */
export type DoorValues = Readonly<Record<string, string>>;

/**
 * One part of the kernel where levels of containers are: the engine treats it as a controller of control groups, with
 * the setting's `file` for a name and texts for values.
 */
export interface LevelDoor {
  /** Why this host can't do it, or `null`; with the name of a pool: why it can't for containers there. */
  missing(file: string, pool?: string): string | null;
  /** For which containers this host can't do what it can for others, and why; `null` when it is the same for all. */
  depends?(file: string): string | null;
  /** Why this host can't have a text, which is well formed, or `null`. */
  check?(file: string, text: string): string | null;
  /**
   * Asks programs for what `read` answers next; a door that reads the kernel itself has none. Not `afresh`, a change is
   * about to be planned or was just made, and what the door knows from its own changes will do.
   */
  look?(target: LevelTarget, afresh: boolean): Promise<void>;
  /** What is in force in a container that runs, `null` when there is no such thing. */
  read(target: LevelTarget, file: string): string | null;
  /** Throws FAILED or REFUSED; then nothing was changed. */
  write(target: LevelTarget, file: string, text: string): Promise<void>;
  /** Puts values in force, or makes what they need, before LXC starts the container. */
  prepare?(target: LevelTarget, values: DoorValues): void | Promise<void>;
  /** Lines of LXC's configuration that put values in force at a start. */
  config?(target: LevelTarget, values: DoorValues): [string, string][];
  /**
   * Lines of the hook's file (host/lxc/hook.sh). `again` when they are written for a reboot from within, which finds
   * what `prepare` and `config` did at the start, or a change since left, and must come to `values`.
   */
  hook?(target: LevelTarget, values: DoorValues, again: boolean): string[];
  /** Whether a write takes the kernel long: it goes on beside the writes of others. */
  slow?: boolean;
  /** Whether values outlive a reboot from within, so that the hook must take unsaved ones back. */
  lasting?: boolean;
  /** Takes away what `prepare` made; also what a crash left. Never throws for what isn't there. */
  release?(target: LevelTarget): void | Promise<void>;
}

/** Doors by the controller's name that settings give. */
export type LevelDoors = Readonly<Record<string, LevelDoor>>;

/** What levels are read from and written to: control groups, and the doors of one container. */
export interface LevelKernel
  extends Pick<Cgroups, "dialect" | "controllers" | "exists" | "read" | "write" | "below"> {
  /** Whether writes there take long and touch nothing else. */
  slow(controller: string): boolean;
}

/** Control groups and doors as one; doors answer for the container's own group alone. */
export function kernelOf(cgroups: Cgroups, doors: LevelDoors, target: LevelTarget): LevelKernel {
  return {
    dialect: cgroups.dialect,
    controllers: cgroups.controllers,
    exists: cgroups.exists,
    slow: (controller) => doors[controller]?.slow ?? false,
    below: (group, controller) => (doors[controller] ? [] : cgroups.below(group, controller)),
    read(group, controller, file) {
      const door = doors[controller];
      if (!door) return cgroups.read(group, controller, file);
      return group === target.cgroup ? door.read(target, file) : null;
    },
    async write(group, controller, file, text) {
      const door = doors[controller];
      if (door) return door.write(target, file, text);
      for (const line of text.split("\n")) await cgroups.write(group, controller, file, line);
    },
  };
}

/** Lets every door that the controllers name look. */
export async function lookAll(
  doors: LevelDoors,
  target: LevelTarget,
  controllers: Iterable<string>,
  afresh: boolean,
): Promise<void> {
  await Promise.all([...new Set(controllers)].map((name) => doors[name]?.look?.(target, afresh)));
}
