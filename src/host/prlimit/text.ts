/** Numbers of resources (asm-generic/resource.h; the same on amd64 and arm64) by the words of prlimit(1). */
export const RESOURCES = {
  stack: 3,
  core: 4,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  sigpending: 11,
  msgqueue: 12,
} as const satisfies Record<string, number>;

/** A resource that is limited. */
export type Resource = keyof typeof RESOURCES;

/** All of them. */
export const RESOURCE_NAMES = Object.keys(RESOURCES) as Resource[];

/** What one process uses, of /proc/PID/status (proc_pid_status(5)). */
export interface ProcessUse {
  /** Real user id, the host's number. */
  uid: number;
  threads: number;
  /** Bytes. */
  memlock: number;
  stack: number;
  as: number;
  /** Signals queued for all processes of its user. */
  sigpending: number;
}

/** Reads a /proc/PID/status; a zombie has no memory left. */
export function processUse(status: string): ProcessUse {
  const first = (field: string): number =>
    Number(new RegExp(`^${field}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
  return {
    uid: first("Uid"),
    threads: first("Threads"),
    memlock: first("VmLck") * 1024,
    stack: first("VmStk") * 1024,
    as: first("VmSize") * 1024,
    sigpending: first("SigQ"),
  };
}

/** What limits are compared with: the largest use of one process or, where they are a user's, of one user. */
export type LargestUse = Partial<Record<Resource, number>>;

/** The largest uses among processes, each with how many files it has open. */
export function largestUse(processes: readonly (ProcessUse & { nofile: number })[]): LargestUse {
  const threads = new Map<number, number>();
  for (const { uid, threads: own } of processes) threads.set(uid, (threads.get(uid) ?? 0) + own);
  const most = (pick: (use: ProcessUse & { nofile: number }) => number): number =>
    processes.reduce((max, each) => Math.max(max, pick(each)), 0);
  return {
    nofile: most(({ nofile }) => nofile),
    memlock: most(({ memlock }) => memlock),
    stack: most(({ stack }) => stack),
    as: most(({ as }) => as),
    sigpending: most(({ sigpending }) => sigpending),
    nproc: Math.max(0, ...threads.values()),
  };
}
