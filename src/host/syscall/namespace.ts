import { dlopen, FFIType as T } from "bun:ffi";
import { closeSync, openSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";

const libc = dlopen("libc.so.6", {
  setns: { args: [T.i32, T.i32], returns: T.i32 },
  syscall: { args: [T.i64, T.i64, T.i64, T.i64], returns: T.i64 },
});
const SETRESUID = process.arch === "arm64" ? 147 : 117;

const CLONE_NEWIPC = 0x08000000;

/**
 * Does `work` in the IPC namespace of a process and comes back: what is read and written there belongs to it. setns(2)
 * moves this thread alone, so `work` must not await. Throws FAILED when the process is gone.
 */
export function inIpcOf<R>(pid: number, work: () => R): R {
  const own = openSync("/proc/self/ns/ipc", "r");
  try {
    const there = openSync(`/proc/${pid}/ns/ipc`, "r");
    try {
      enter(there, `IPC namespace of ${pid}`);
    } finally {
      closeSync(there);
    }
    try {
      return work();
    } finally {
      enter(own, "own IPC namespace");
    }
  } finally {
    closeSync(own);
  }
}

function enter(fd: number, subject: string): void {
  if (libc.symbols.setns(fd, CLONE_NEWIPC) === 0) return;
  throw new WarrenError("FAILED", `setns ${subject} failed`, "see whether the container still runs", {
    subject,
  });
}

/**
 * Does `work` as another user of the host: this thread alone, by the system call itself (libc's function would change
 * every thread). `work` must not await. setresuid(2).
 */
export function asUser<R>(uid: number, work: () => R): R {
  become(uid);
  try {
    return work();
  } finally {
    become(0);
  }
}

/** Sets the effective user; capabilities go with root's and come back with it (capabilities(7)). */
function become(uid: number): void {
  if (Number(libc.symbols.syscall(SETRESUID, -1, uid, -1)) === 0) return;
  throw new WarrenError("FAILED", `setresuid ${uid} failed`, "run the daemon as root", { uid });
}
