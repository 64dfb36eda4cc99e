import { dlopen, ptr, read, FFIType as T } from "bun:ffi";
import { WarrenError } from "../../spec/errors.ts";
import { errnoName } from "./text.ts";

const libc = dlopen("libc.so.6", {
  llistxattr: { args: [T.ptr, T.ptr, T.u64], returns: T.i64 },
  lgetxattr: { args: [T.ptr, T.ptr, T.ptr, T.u64], returns: T.i64 },
  lsetxattr: { args: [T.ptr, T.ptr, T.ptr, T.u64, T.i32], returns: T.i32 },
  lremovexattr: { args: [T.ptr, T.ptr], returns: T.i32 },
  __errno_location: { args: [], returns: T.ptr },
});

/** Linux caps both a list of names and a value at 64 KiB (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const MOST = 65_536;

/** An extended attribute of a file. */
export interface Attribute {
  name: string;
  value: Buffer;
}

/** Reads extended attributes; one buffer serves all calls, so an instance is for one walk. */
export function xattrReader(): (path: Buffer) => Attribute[] {
  const names = Buffer.alloc(MOST);
  const value = Buffer.alloc(MOST);
  /** Attributes of `path` itself, not of where a symlink leads; none where the file system has none. xattr(7). */
  return (path) => {
    const file = Buffer.concat([path, Buffer.of(0)]);
    const length = Number(libc.symbols.llistxattr(ptr(file), ptr(names), MOST));
    if (length <= 0) return [];
    return names
      .toString("latin1", 0, length - 1)
      .split("\0")
      .flatMap((name) => {
        const key = Buffer.from(`${name}\0`, "latin1");
        const size = Number(libc.symbols.lgetxattr(ptr(file), ptr(key), ptr(value), MOST));
        return size < 0 ? [] : [{ name, value: Buffer.from(value.subarray(0, size)) }];
      });
  };
}

/** Sets an attribute of `path` itself. lsetxattr(2). Throws FAILED with `details.errno`. */
export function setAttribute(path: Buffer, { name, value }: Attribute): void {
  const [file, key] = [cstring(path), Buffer.from(`${name}\0`, "latin1")];
  // An empty buffer has no address.
  const bytes = value.length > 0 ? value : Buffer.alloc(1);
  if (libc.symbols.lsetxattr(ptr(file), ptr(key), ptr(bytes), value.length, 0) !== 0)
    throw failure("lsetxattr", name);
}

/** Takes an attribute of `path` itself away; none is no error. lremovexattr(2). Throws FAILED with `details.errno`. */
export function removeAttribute(path: Buffer, name: string): void {
  const [file, key] = [cstring(path), Buffer.from(`${name}\0`, "latin1")];
  if (libc.symbols.lremovexattr(ptr(file), ptr(key)) === 0) return;
  const error = failure("lremovexattr", name);
  if (error.details?.errno !== "ENODATA") throw error;
}

const cstring = (path: Buffer): Buffer => Buffer.concat([path, Buffer.of(0)]);

function failure(call: string, name: string): WarrenError {
  const errno = errnoName(read.i32(libc.symbols.__errno_location()!, 0));
  return new WarrenError("FAILED", `${call} ${name}: ${errno}`, "see the kernel's log (dmesg)", {
    call,
    errno,
  });
}
