import { dlopen, FFIType as T } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  prctl: { args: [T.i32, T.u64, T.u64, T.u64, T.u64], returns: T.i32 },
});

/** linux/prctl.h, Linux 6.4. */
const PR_SET_MEMORY_MERGE = 67;
const PR_GET_MEMORY_MERGE = 68;

/** Whether our own memory may be merged with equal pages; `null` where the kernel knows no such thing. prctl(2). */
export function readMerge(): boolean | null {
  const answer = libc.symbols.prctl(PR_GET_MEMORY_MERGE, 0, 0, 0, 0);
  return answer < 0 ? null : answer === 1;
}

/** Lets our memory, and that of children made from now on, be merged, or not; false when the kernel refuses. prctl(2). */
export const writeMerge = (on: boolean): boolean =>
  libc.symbols.prctl(PR_SET_MEMORY_MERGE, on ? 1 : 0, 0, 0, 0) === 0;
