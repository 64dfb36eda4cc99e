/**
 * Limits that the kernel keeps with each process: of its resources (getrlimit(2)), and its rank when memory is out
 * (oom_score_adj, proc_pid_oom_score_adj(5)). Children inherit both.
 *
 * What must never happen here: a process changed that the caller didn't name.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { mayFork } from "../proc/index.ts";
import { type Limit, RLIM_INFINITY, readLimit, writeLimit } from "../syscall/index.ts";
import { type LargestUse, largestUse, processUse, RESOURCE_NAMES, RESOURCES, type Resource } from "./text.ts";

export { type LargestUse, RESOURCE_NAMES, type Resource } from "./text.ts";

/** Sweeps over all processes until one finds nothing to do. */
const SWEEPS = 50;

/** `unlimited` or a number, as prlimit(1) and LXC write limits. */
const show = (limit: bigint): string => (limit === RLIM_INFINITY ? "unlimited" : String(limit));
const number = (text: string): bigint => (text === "unlimited" ? RLIM_INFINITY : BigInt(text));
const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The hard limit of a process as text, `null` when it is gone. */
export function hardLimit(pid: number, resource: Resource): string | null {
  const limit = readLimit(pid, RESOURCES[resource]);
  return limit && show(limit.hard);
}

/** `SOFT:HARD` for a process that inherits from us and is to have this hard limit. */
export function limitPair(resource: Resource, hard: string): string {
  const own = readLimit(0, RESOURCES[resource]);
  const soft = own ? least(own.soft, number(hard)) : number(hard);
  return `${show(soft)}:${hard}`;
}

/**
 * Brings the hard limit of all processes to `hard`, and answers whether one may have escaped: a fork under way copies the
 * old limit into a process that isn't listed yet. A soft limit never exceeds
 * the hard one, and one that was equal follows it. Throws FAILED with `details.errno`: EPERM where a limit would have to
 * be raised and we may not.
 */
export function limitAll(processes: () => readonly number[], resource: Resource, hard: string): boolean {
  const wanted = number(hard);
  return sweep(processes, `processes are begun faster than ${resource} can be limited`, (pid) => {
    const old = readLimit(pid, RESOURCES[resource]);
    if (old === null || old.hard === wanted) return false;
    return writeLimit(pid, RESOURCES[resource], { soft: softFor(old, wanted), hard: wanted });
  });
}

const softFor = ({ soft, hard }: Limit, next: bigint): bigint => (soft === hard ? next : least(soft, next));

function sweep(
  processes: () => readonly number[],
  failure: string,
  change: (pid: number) => boolean,
): boolean {
  const first = new Set(processes());
  for (let done = 1; done <= SWEEPS; done++) {
    const pids = processes();
    const changed = pids.filter(change).length > 0;
    // In this order: what was forked before the look at the states is listed after it.
    if (!changed) return pids.some(mayFork) || processes().some((pid) => !first.has(pid));
  }
  throw new WarrenError("FAILED", failure, "limit the number of processes first");
}

/** A process's rank when memory is out, -1000 (never killed) to 1000 (first); `null` when it is gone. */
export function oomScore(pid: number | "self"): number | null {
  const text = read(`/proc/${pid}/oom_score_adj`);
  return text === null ? null : Number(text);
}

/** Sets the rank of all processes; the answer is that of `limitAll`. Throws FAILED with `details.errno`: EACCES below what they may ever have. */
export function scoreAll(processes: () => readonly number[], score: number): boolean {
  return sweep(processes, "processes are begun faster than they can be ranked", (pid) => {
    const old = oomScore(pid);
    if (old === null || old === score) return false;
    try {
      writeFileSync(`/proc/${pid}/oom_score_adj`, String(score));
      return true;
    } catch (error) {
      const errno = (error as NodeJS.ErrnoException).code;
      if (errno === "ESRCH" || errno === "ENOENT") return false;
      const fix = "give Warren the capability CAP_SYS_RESOURCE, or give more";
      throw new WarrenError("FAILED", `oom_score_adj of process ${pid}: ${errno}`, fix, { pid, errno });
    }
  });
}

/**
 * What must stand before a command so that it gets the limits of the process `like`, which it is to join: nothing where
 * they are our own. Hard limits that we may not give are left as they are.
 */
export function joining(like: number, raises: () => boolean): string[] {
  const limits = RESOURCE_NAMES.flatMap((name) => {
    const [theirs, own] = [readLimit(like, RESOURCES[name]), readLimit(0, RESOURCES[name])];
    if (!theirs || !own || theirs.hard === own.hard || (theirs.hard > own.hard && !raises())) return [];
    return [`--${name}=${limitPair(name, show(theirs.hard))}`];
  });
  const score = oomScore(like);
  return [
    ...(score === null || score === oomScore("self") ? [] : ["/usr/bin/choom", "-n", String(score), "--"]),
    ...(limits.length === 0 ? [] : ["/usr/bin/prlimit", ...limits, "--"]),
  ];
}

/** The largest uses among processes; those that end meanwhile are left out. */
export function useOf(processes: readonly number[]): LargestUse {
  return largestUse(
    processes.flatMap((pid) => {
      const status = read(`/proc/${pid}/status`);
      return status === null ? [] : [{ ...processUse(status), nofile: openFiles(pid) }];
    }),
  );
}

/** Files that a process has open. Since Linux 6.2 the directory's size tells; before, its names must be counted. */
function openFiles(pid: number): number {
  try {
    const at = `/proc/${pid}/fd`;
    return statSync(at).size || readdirSync(at).length;
  } catch {
    return 0;
  }
}

const read = (path: string): string | null => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
};
