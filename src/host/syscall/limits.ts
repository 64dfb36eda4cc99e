import { dlopen, ptr, read, FFIType as T } from "bun:ffi";
import { WarrenError } from "../../spec/errors.ts";
import { errnoName } from "./text.ts";

const libc = dlopen("libc.so.6", {
  prlimit64: { args: [T.i32, T.i32, T.ptr, T.ptr], returns: T.i32 },
  __errno_location: { args: [], returns: T.ptr },
});

/** A resource limit of a process in the kernel's own numbers; `RLIM_INFINITY` is none. */
export interface Limit {
  soft: bigint;
  hard: bigint;
}

/** No limit: the largest number of 64 bits (getrlimit(2)). */
export const RLIM_INFINITY = 2n ** 64n - 1n;

/** The limit of a process; 0 is our own. `null` when the process is gone. prlimit(2). */
export function readLimit(pid: number, resource: number): Limit | null {
  const old = new BigUint64Array(2);
  if (libc.symbols.prlimit64(pid, resource, null, ptr(old)) === 0) return { soft: old[0]!, hard: old[1]! };
  return gone(pid);
}

/** Sets the limit of a process; false when it is gone. Throws FAILED with `details.errno`. prlimit(2). */
export function writeLimit(pid: number, resource: number, { soft, hard }: Limit): boolean {
  const next = new BigUint64Array([soft, hard]);
  if (libc.symbols.prlimit64(pid, resource, ptr(next), null) === 0) return true;
  return gone(pid) !== null;
}

/** Throws what isn't a process that went. */
function gone(pid: number): null {
  const errno = errnoName(read.i32(libc.symbols.__errno_location()!, 0));
  if (errno === "ESRCH") return null;
  throw new WarrenError("FAILED", `prlimit of process ${pid}: ${errno}`, "see the kernel's log (dmesg)", {
    call: "prlimit",
    pid,
    errno,
  });
}
