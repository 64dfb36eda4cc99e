/** Memory of processes by the kernel's own accounts: a page that several have mapped is divided among them. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Bytes. */
export interface Processes {
  count: number;
  /** Of no file: stacks, heaps, shared memory. */
  own: number;
  /** Of files, by proportional share. */
  mapped: number;
  /** The C library's text and constants: whole in each process, by proportional share, and the most that one process has of it. */
  libc: { rss: number; pss: number; most: number };
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Ended meanwhile.
    return "";
  }
};
const namespace = (pid: number | string): string => {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return "";
  }
};
const pids = (): string[] => readdirSync("/proc").filter((name) => /^\d+$/.test(name));
const bytes = (text: string, key: string): number =>
  [...text.matchAll(new RegExp(`^${key}:\\s+(\\d+) kB`, "gm"))].reduce((sum, [, kb]) => sum + Number(kb), 0) *
  1024;

/** All processes in the containers with these first processes. */
export function guests(inits: readonly number[]): Processes {
  const theirs = new Set(inits.map(namespace));
  return account(pids().filter((pid) => theirs.has(namespace(pid))));
}

/** Processes of the host that name `dir` in their command line, and `more`: managers, monitors, shims. */
export function managers(dir: string, more: readonly number[]): Processes {
  const ours = namespace("self");
  const named = (pid: string): boolean =>
    Number(pid) !== process.pid && read(`/proc/${pid}/cmdline`).includes(dir) && namespace(pid) === ours;
  return account(pids().filter((pid) => more.includes(Number(pid)) || named(pid)));
}

function account(all: readonly string[]): Processes {
  const sum: Processes = { count: 0, own: 0, mapped: 0, libc: { rss: 0, pss: 0, most: 0 } };
  for (const pid of all) {
    const whole = read(`/proc/${pid}/smaps_rollup`);
    sum.count++;
    sum.own += bytes(whole, "Pss_Anon") + bytes(whole, "Pss_Shmem");
    sum.mapped += bytes(whole, "Pss_File");
    // Each mapping's lines begin with its range of addresses. Where the linker wrote, the pages are the process's own.
    const libc = read(`/proc/${pid}/smaps`)
      .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
      .filter((mapping) => /^\S+ r.*\/libc\.so\.6$/m.test(mapping) && bytes(mapping, "Anonymous") === 0)
      .join("");
    const rss = bytes(libc, "Rss");
    sum.libc.rss += rss;
    sum.libc.pss += bytes(libc, "Pss");
    sum.libc.most = Math.max(sum.libc.most, rss);
  }
  return sum;
}
