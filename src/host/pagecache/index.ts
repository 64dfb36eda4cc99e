/**
 * How much of files the kernel holds in memory: cachestat(2), and mincore(2) where that is missing.
 *
 * What must never happen here: reading a file, which would bring it in.
 */
import { closeSync, constants, openSync } from "node:fs";
import { cachestat, pageSize, residentPages } from "../syscall/memory.ts";

export interface PageCache {
  /** Bytes of a regular file that are in memory, whole pages; 0 when it can't be opened. `size` is the file's. */
  cached(path: Buffer, size: number): number;
}

/** Chooses what this kernel has; `modern` false does without cachestat(2), which is of Linux 6.5. */
export function openPageCache(modern = true): PageCache {
  const page = pageSize();
  let hasCachestat = modern;
  const pagesOf = (fd: number, size: number): number => {
    const pages = hasCachestat ? cachestat(fd) : null;
    if (pages !== null) return pages;
    hasCachestat = false;
    return residentPages(fd, size, page);
  };
  return {
    cached(path, size) {
      if (size === 0) return 0;
      try {
        const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
        try {
          return pagesOf(fd, size) * page;
        } finally {
          closeSync(fd);
        }
      } catch {
        return 0;
      }
    },
  };
}
