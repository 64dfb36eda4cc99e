/** Limits and use of the System V objects of one IPC namespace. */
export interface IpcUse {
  /** Bytes of shared memory, and how many there may be. */
  shm: { limit: string; held: number };
  /** Message queues. */
  msg: { limit: string; held: number };
  /** Sets of semaphores. */
  sem: { limit: string; held: number };
}

/** kernel.shmall counts in pages of this size on x86-64; arm64 has them here too on every distribution Warren knows. */
export const PAGE = 4096n;

/** Lines of /proc/sysvipc/* (sysvipc(7)) without the header. */
const entries = (text: string): string[] => text.trimEnd().split("\n").slice(1);

/** Bytes of all segments: the fourth column of /proc/sysvipc/shm. */
export const shmBytes = (text: string): number =>
  entries(text).reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[3] ?? 0), 0);

/** How many objects a list has. */
export const countOf = (text: string): number => entries(text).length;

/** The limit on sets: the last of the four numbers of kernel.sem. */
export const semSets = (text: string): string => text.trim().split(/\s+/)[3] ?? "";

/** kernel.sem with another limit on sets. */
export const withSemSets = (text: string, sets: string): string =>
  [...text.trim().split(/\s+/).slice(0, 3), sets].join(" ");
