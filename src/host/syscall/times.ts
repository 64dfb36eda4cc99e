import { dlopen, ptr, read, FFIType as T } from "bun:ffi";
import { WarrenError } from "../../spec/errors.ts";
import { errnoName } from "./text.ts";

const libc = dlopen("libc.so.6", {
  utimensat: { args: [T.i32, T.ptr, T.ptr, T.i32], returns: T.i32 },
  __errno_location: { args: [], returns: T.ptr },
});

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;

/** When a file was last read and written, in nanoseconds since 1970. */
export interface Times {
  atimeNs: bigint;
  mtimeNs: bigint;
}

/** Sets both times of `path` itself to the nanosecond, which Node's utimes does not reach. utimensat(2). */
export function setTimes(path: Buffer, { atimeNs, mtimeNs }: Times): void {
  const file = Buffer.concat([path, Buffer.of(0)]);
  // Whole seconds are rounded down, so that nanoseconds stay positive before 1970.
  const split = (ns: bigint): [bigint, bigint] => {
    const rest = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
    return [(ns - rest) / 1_000_000_000n, rest];
  };
  // struct timespec { tv_sec, tv_nsec }[2]
  const times = new BigInt64Array([...split(atimeNs), ...split(mtimeNs)]);
  if (libc.symbols.utimensat(AT_FDCWD, ptr(file), ptr(times), AT_SYMLINK_NOFOLLOW) === 0) return;
  const errno = errnoName(read.i32(libc.symbols.__errno_location()!, 0));
  throw new WarrenError("FAILED", `utimensat ${path}: ${errno}`, "see the kernel's log (dmesg)", {
    call: "utimensat",
    errno,
  });
}
