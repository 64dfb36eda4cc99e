/** What the kernel holds in memory of a tree's files. */
import { dlopen, FFIType as T } from "bun:ffi";
import { closeSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { openPageCache } from "../../src/host/pagecache/index.ts";

const POSIX_FADV_DONTNEED = 4;

interface File {
  path: string;
  size: number;
  /** Whether one of its names is the C library's. */
  libc: boolean;
}

/** Every regular file below `root` once, whatever its names; nothing of other file systems that are mounted there. */
function files(root: string): Iterable<File> {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
  const own = mounts.filter((mount) => `${root}/`.startsWith(`${mount[4]}/`)).at(-1)?.[2];
  const foreign = new Set(mounts.filter((mount) => mount[2] !== own).map((mount) => mount[4]));
  const found = new Map<string, File>();
  const down = (dir: string): void => {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = `${dir}/${entry.name}`;
      if (entry.isDirectory() && !foreign.has(path)) down(path);
      const stat = entry.isFile() ? lstatSync(path, { throwIfNoEntry: false }) : undefined;
      if (!stat) continue;
      const id = `${stat.dev}:${stat.ino}`;
      const file = found.get(id) ?? { path, size: stat.size, libc: false };
      file.libc ||= entry.name === "libc.so.6";
      found.set(id, file);
    }
  };
  down(root);
  return found.values();
}

/** Bytes that are in memory: of all files, and of the C library in all the inodes it has. */
export interface Cached {
  all: number;
  libc: number;
  /** Inodes of the C library of which a page is in memory. */
  libcs: number;
}

/** Looks with cachestat(2) or mincore(2), which bring nothing in. */
export function cached(root: string): Cached {
  const cache = openPageCache();
  const sum: Cached = { all: 0, libc: 0, libcs: 0 };
  for (const { path, size, libc } of files(root)) {
    const bytes = cache.cached(Buffer.from(path), size);
    sum.all += bytes;
    if (bytes === 0 || !libc) continue;
    sum.libc += bytes;
    sum.libcs++;
  }
  return sum;
}

/** Drops what making the file system's files brought into memory; they must have been written to disk. posix_fadvise(2). */
export function forget(root: string): void {
  const libc = dlopen("libc.so.6", {
    posix_fadvise: { args: [T.i32, T.i64, T.i64, T.i32], returns: T.i32 },
  });
  try {
    for (const { path } of files(root)) {
      const fd = openSync(path, "r");
      libc.symbols.posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
      closeSync(fd);
    }
  } finally {
    libc.close();
  }
}
