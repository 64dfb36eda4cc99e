import { dlopen, ptr, read, FFIType as T } from "bun:ffi";
import { WarrenError } from "../../spec/errors.ts";
import { errnoName } from "./text.ts";

const libc = dlopen("libc.so.6", {
  ioctl: { args: [T.i32, T.u64, T.ptr], returns: T.i32 },
  syscall: { args: [T.i64, T.i64, T.i64, T.i64, T.i64], returns: T.i64 },
  __errno_location: { args: [], returns: T.ptr },
});

/** Number of quotactl_fd(2), the same on every architecture. */
const QUOTACTL_FD = 443;

function failure(call: string, subject: string): WarrenError {
  const errno = errnoName(read.i32(libc.symbols.__errno_location()!, 0));
  return new WarrenError("FAILED", `${call} ${subject}: ${errno}`, "see the kernel's log (dmesg)", {
    call,
    subject,
    errno,
  });
}

/** ioctl(2) with a structure that the kernel reads or fills; `what` names the request in errors. */
export function ioctl(fd: number, request: number, structure: Uint8Array, what: string): void {
  if (libc.symbols.ioctl(fd, BigInt(request), ptr(structure)) < 0) throw failure("ioctl", what);
}

/** quotactl_fd(2) on the file system of an open file (Linux 5.14). */
export function quotactl(fd: number, command: number, id: number, structure: Uint8Array, what: string): void {
  if (Number(libc.symbols.syscall(QUOTACTL_FD, fd, command, id, ptr(structure))) < 0)
    throw failure("quotactl_fd", what);
}
