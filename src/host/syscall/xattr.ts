import { dlopen, ptr, FFIType as T } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  llistxattr: { args: [T.ptr, T.ptr, T.u64], returns: T.i64 },
  lgetxattr: { args: [T.ptr, T.ptr, T.ptr, T.u64], returns: T.i64 },
});

/** Linux caps both a list of names and a value at 64 KiB (XATTR_LIST_MAX, XATTR_SIZE_MAX). */
const MOST = 65_536;

/** Reads extended attributes; one buffer serves all calls, so an instance is for one walk. */
export function xattrReader(): (path: Buffer) => { name: string; value: Buffer }[] {
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
