/** What the host's pressure is, as a share of the last moment in which work had to wait: 0 to 1. */
export interface Pressure {
  cpu: number;
  memory: number;
  io: number;
}

/** Shares from which on the host is busy, and from which on it is drowning. */
const BUSY = { cpu: 0.5, memory: 0.05, io: 0.3 };
const DROWNING = { cpu: 0.9, memory: 0.2, io: 0.7 };

/**
 * How many containers may boot at once: while the host keeps up two for each processor, less as work has to wait, none
 * more than those that boot already when it drowns. One always may, so that the storm comes to an end.
 */
export function bootsAtOnce(cpus: number, pressure: Pressure): number {
  const over = (limit: Pressure): boolean =>
    pressure.cpu >= limit.cpu || pressure.memory >= limit.memory || pressure.io >= limit.io;
  if (over(DROWNING)) return 1;
  if (over(BUSY)) return Math.max(1, Math.floor(cpus / 2));
  return Math.max(2, cpus * 2);
}

/** The order of starting: the highest priority first, among equals by name. */
export function bootOrder<T extends { name: string; priority: number }>(wanted: readonly T[]): T[] {
  return [...wanted].sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1));
}
