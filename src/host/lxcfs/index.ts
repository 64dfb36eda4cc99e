/**
 * lxcfs: the container's own view of memory, processors, load and uptime in /proc.
 *
 * What must never happen here: stopping a daemon that another started.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { startDaemon } from "../exec/daemon.ts";
import { which } from "../exec/index.ts";
import { signal } from "../pidfd/index.ts";
import { commandLine, mounts } from "../proc/index.ts";
import { unmount } from "../syscall/index.ts";

export { isStale, renewView } from "./view.ts";

const SIGTERM = 15;
const SIGKILL = 9;

/**
 * Whether a living lxcfs serves `dir`. The names are asked for and no file: from 6.0 on lxcfs reads the caller's init's
 * personality, which a process without all of its capabilities may not, and that is no matter for the guests.
 */
export function alive(dir: string): boolean {
  try {
    return mounts().includes(dir) && readdirSync(`${dir}/proc`).includes("meminfo");
  } catch {
    return false;
  }
}

/**
 * The directory of a living lxcfs of ours below `runDir`, started if need be; `null` where lxcfs isn't installed. Never
 * the system's: its service shows neither CPU limits nor the guests' own load, and is restarted when its package is
 * replaced.
 */
export async function ensureLxcfs(runDir: string): Promise<string | null> {
  const own = `${runDir}/lxcfs`;
  if (alive(own)) return own;
  if (which("lxcfs") === null) return null;
  // What a killed one left is a mount that answers ENOTCONN.
  if (mounts().includes(own)) unmount(own);
  mkdirSync(own, { recursive: true, mode: 0o755 });
  const argv = ["lxcfs", "--enable-loadavg", "--enable-cfs", "--pidfile", `${runDir}/lxcfs.pid`, own];
  await startDaemon(["setsid", "--fork", ...argv], 10_000);
  for (let i = 0; i < 200 && !alive(own); i++) await Bun.sleep(10);
  return alive(own) ? own : null;
}

/** The process that serves the directory of `ensureLxcfs`, or `null`. */
export function serverOf(runDir: string): number | null {
  const file = `${runDir}/lxcfs.pid`;
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  return pid > 0 && commandLine(pid).includes(`${runDir}/lxcfs`) ? pid : null;
}

/** Ends the lxcfs that `ensureLxcfs` started below `runDir`; to be called when no container uses it. */
export async function stopLxcfs(runDir: string): Promise<void> {
  const own = `${runDir}/lxcfs`;
  const pid = serverOf(runDir);
  const ours = (): boolean => pid !== null && serverOf(runDir) === pid;
  if (mounts().includes(own)) unmount(own);
  // Its thread for load averages sleeps for seconds before it hears SIGTERM, and nobody reads it any more.
  for (const number of [SIGTERM, SIGKILL]) {
    if (pid !== null && ours()) signal(pid, number, ours);
    for (let i = 0; i < 30 && ours(); i++) await Bun.sleep(10);
  }
  rmSync(`${runDir}/lxcfs.pid`, { force: true });
  if (existsSync(own)) rmdirSync(own);
}
