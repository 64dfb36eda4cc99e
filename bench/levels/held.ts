import { readdirSync, readFileSync } from "node:fs";

/** What a daemon holds. */
export interface Held {
  /** Open files. */
  files: number;
  /** Resident bytes. */
  memory: number;
  /** Files in its directories. */
  entries: number;
}

/** Reads it of a process and the directory it keeps everything in. */
export function held(pid: number, dir: string): Held {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    memory: Number(kilobytes) * 1024,
    entries: ["lib", "run", "run/lxc"].reduce((sum, each) => sum + readdirSync(`${dir}/${each}`).length, 0),
  };
}
