/** What containers use at one moment: the figures of `top`, and of `list` and `info` where they are asked for. */
import type { ContainerState } from "./container.ts";
import type { Figure } from "./level.ts";

/** The level of a container that is nearest to its limit. */
export interface NearLevel {
  key: string;
  /** In the level's base unit, as the limit. */
  held: number;
  limit: number;
  /** Held by limit; above 1 for a moment where the kernel lets go late. */
  ratio: number;
}

/** Percent of the last ten seconds in which some work of the container had to wait. */
export interface Pressure {
  cpu: number | null;
  memory: number | null;
  io: number | null;
}

/** One container's use. `null` where it doesn't run or the kernel has no such figure. */
export interface ContainerUsage {
  name: string;
  state: ContainerState;
  /** Milliseconds of a clock that only runs forward, at which it was read: rates come from two readings. */
  at: number;
  /** Seconds since init started. */
  uptime: number | null;
  /** Seconds of CPU time used since the container's start. */
  cpu: number | null;
  /** Bytes held now. */
  memory: number | null;
  /** Bytes; `null` is unlimited. */
  memoryLimit: number | null;
  /** Processes and threads. */
  tasks: number | null;
  /** Bytes read from and written to disks since the container's start. */
  ioRead: number | null;
  ioWrite: number | null;
  /** Bytes that came to the container and left it. */
  netIn: number | null;
  netOut: number | null;
  pressure: Pressure;
  nearest: NearLevel | null;
  /** Times that a limit refused something, all levels together. */
  fail: number | null;
}

/** Where the kernel has the figures that belong to no level. */
export interface UsageFigures {
  cpu: Figure;
  ioRead: Figure;
  ioWrite: Figure;
  pressure: Record<keyof Pressure, Figure>;
  /** The same where all work had to wait. */
  fullPressure: Record<keyof Pressure, Figure>;
  /** What makes the kernel count I/O where it doesn't by itself: written once for each disk. */
  countIo?: { controller: string; file: string; text(disk: string): string };
}
