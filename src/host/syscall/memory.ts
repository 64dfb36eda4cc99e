import { dlopen, type Pointer, ptr, FFIType as T } from "bun:ffi";

const libc = dlopen("libc.so.6", {
  syscall: { args: [T.i64, T.i64, T.ptr, T.ptr, T.i64], returns: T.i64 },
  mmap: { args: [T.ptr, T.u64, T.i32, T.i32, T.i32, T.i64], returns: T.ptr },
  munmap: { args: [T.ptr, T.u64], returns: T.i32 },
  mincore: { args: [T.ptr, T.u64, T.ptr], returns: T.i32 },
  sysconf: { args: [T.i32], returns: T.i64 },
});

/** Bytes of a page of this kernel. */
export const pageSize = (): number => Number(libc.symbols.sysconf(30 /* _SC_PAGESIZE */));

/** Pages of an open file that are in memory; `null` where the kernel can't tell. cachestat(2), Linux 6.5. */
export function cachestat(fd: number): number | null {
  const CACHESTAT = 451;
  // struct cachestat_range { off, len }: a length of 0 means to the end.
  const range = new BigUint64Array(2);
  // struct cachestat { nr_cache, nr_dirty, nr_writeback, nr_evicted, nr_recently_evicted }
  const found = new BigUint64Array(5);
  if (Number(libc.symbols.syscall(CACHESTAT, fd, ptr(range), ptr(found), 0)) < 0) return null;
  return Number(found[0]);
}

/** The same by mapping the file without touching it; 0 when it can't be mapped. mincore(2). */
export function residentPages(fd: number, size: number, page: number): number {
  const [PROT_NONE, MAP_SHARED] = [0, 1];
  const at = libc.symbols.mmap(null, BigInt(size), PROT_NONE, MAP_SHARED, fd, 0);
  // MAP_FAILED is -1.
  if (at === null || at < 0 || at > 2 ** 63) return 0;
  try {
    const states = new Uint8Array(Math.ceil(size / page));
    if (libc.symbols.mincore(at as Pointer, BigInt(size), ptr(states)) !== 0) return 0;
    return states.reduce((sum, state) => sum + (state & 1), 0);
  } finally {
    libc.symbols.munmap(at as Pointer, BigInt(size));
  }
}
