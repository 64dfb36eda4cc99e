import { dlopen, ptr, read, FFIType as T } from "bun:ffi";
import { closeSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { errnoName } from "./text.ts";

const libc = dlopen("libc.so.6", {
  syscall: { args: [T.i64, T.i64, T.i64, T.i64, T.i64, T.i64, T.i64], returns: T.i64 },
  mount: { args: [T.ptr, T.ptr, T.ptr, T.u64, T.ptr], returns: T.i32 },
  umount2: { args: [T.ptr, T.i32], returns: T.i32 },
  fchown: { args: [T.i32, T.u32, T.u32], returns: T.i32 },
  epoll_create1: { args: [T.i32], returns: T.i32 },
  epoll_ctl: { args: [T.i32, T.i32, T.i32, T.ptr], returns: T.i32 },
  epoll_wait: { args: [T.i32, T.ptr, T.i32, T.i32], returns: T.i32 },
  __errno_location: { args: [], returns: T.ptr },
});

const ARM = process.arch === "arm64";
/** Numbers since 5.x are the same on every architecture; the two older ones are not. */
const NR = {
  open_tree: 428,
  move_mount: 429,
  openat2: 437,
  pidfd_open: 434,
  pidfd_send_signal: 424,
  mount_setattr: 442,
  mkdirat: ARM ? 34 : 258,
  mknodat: ARM ? 33 : 259,
  unlinkat: ARM ? 35 : 263,
  readlinkat: ARM ? 78 : 267,
} as const;

const AT_FDCWD = -100;
const AT_EMPTY_PATH = 0x1000;

/** Text as UTF-8, bytes as they are: names of files need not be text. */
const cstring = (text: string | Uint8Array): Buffer =>
  Buffer.concat([Buffer.from(text as string), Buffer.of(0)]);
const errno = (): number => read.i32(libc.symbols.__errno_location()!, 0);

/** The error of a failed call, with `details.errno` for those who can go on. */
function failure(call: string, subject: string): WarrenError {
  const name = errnoName(errno());
  const fix =
    name === "ENOSPC" || name === "EDQUOT" ? "the disk is full: make room" : "see the kernel's log (dmesg)";
  return new WarrenError("FAILED", `${call} ${subject}: ${name}`, fix, {
    call,
    subject,
    errno: name,
  });
}

function call(name: keyof typeof NR, subject: string, ...args: (number | bigint)[]): number {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = args;
  const result = Number(libc.symbols.syscall(NR[name], a, b, c, d, e, f));
  if (result < 0) throw failure(name, subject);
  return result;
}

/**
 * A private copy of the mount at `source`, attached nowhere; the answer is its descriptor, the caller's to close.
 * open_tree(2) with OPEN_TREE_CLONE (Linux 5.2).
 */
export function cloneMount(source: string): number {
  const OPEN_TREE_CLONE = 1;
  const O_CLOEXEC = 0x80000;
  const from = cstring(source);
  return call("open_tree", source, AT_FDCWD, ptr(from), OPEN_TREE_CLONE | O_CLOEXEC);
}

/**
 * As `cloneMount`, its ids shifted by the user namespace `userns` (a file descriptor). mount_setattr(2) with
 * MOUNT_ATTR_IDMAP (Linux 5.12).
 */
export function cloneIdmapped(source: string, userns: number): number {
  const MOUNT_ATTR_IDMAP = 0x100000n;
  const empty = cstring("");
  const tree = cloneMount(source);
  try {
    // struct mount_attr { attr_set, attr_clr, propagation, userns_fd }
    const attr = new BigUint64Array([MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(userns)]);
    call("mount_setattr", source, tree, ptr(empty), AT_EMPTY_PATH, ptr(attr), attr.byteLength);
    return tree;
  } catch (error) {
    closeSync(tree);
    throw error;
  }
}

/** Attaches what `cloneIdmapped` made. move_mount(2). */
export function attachMount(tree: number, target: string): void {
  const MOVE_MOUNT_F_EMPTY_PATH = 4;
  const to = cstring(target);
  const empty = cstring("");
  call("move_mount", target, tree, ptr(empty), AT_FDCWD, ptr(to), MOVE_MOUNT_F_EMPTY_PATH);
}

/** Attaches an id-shifted private copy of the mount at `source` to `target`. */
export function mountIdmapped(source: string, target: string, userns: number): void {
  const tree = cloneIdmapped(source, userns);
  try {
    attachMount(tree, target);
  } finally {
    closeSync(tree);
  }
}

/** mount(2). */
export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  const [s, t, y, d] = [cstring(source), cstring(target), cstring(type), cstring(data)];
  if (libc.symbols.mount(ptr(s), ptr(t), ptr(y), BigInt(flags), ptr(d)) < 0)
    throw failure(`mount ${type} on`, target);
}

/** umount2(2) with MNT_DETACH and UMOUNT_NOFOLLOW; a path that is not a mount point is no error. */
export function unmount(target: string): void {
  const MNT_DETACH = 2;
  const UMOUNT_NOFOLLOW = 8;
  const path = cstring(target);
  if (libc.symbols.umount2(ptr(path), MNT_DETACH | UMOUNT_NOFOLLOW) < 0) {
    const name = errnoName(errno());
    if (name !== "EINVAL" && name !== "ENOENT") throw failure("umount2", target);
  }
}

/** How openat2(2) may resolve; RESOLVE_IN_ROOT makes `/` and `..` mean the directory `dir`. Linux 5.6. */
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;

/**
 * Opens `path` below the directory `dir` (a descriptor) as if `dir` were the root: no name, no symlink leads out.
 * Throws FAILED with `details.errno`. The descriptor is the caller's to close.
 */
export function openInRoot(dir: number, path: string | Uint8Array, flags: number, mode = 0): number {
  const O_CLOEXEC = 0x80000;
  const name = cstring(path);
  // struct open_how { flags, mode, resolve }
  const how = new BigUint64Array([
    BigInt(flags | O_CLOEXEC),
    BigInt(mode),
    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
  ]);
  return call("openat2", String(path), dir, ptr(name), ptr(how), how.byteLength);
}

/** mkdirat(2): `name` is one component, below the directory `dir`. */
export function makeDirectory(dir: number, name: string, mode: number): void {
  const text = cstring(name);
  call("mkdirat", name, dir, ptr(text), mode);
}

/** mknodat(2) of a device; `mode` has its type. */
export function makeNode(path: string | Uint8Array, mode: number, major: number, minor: number): void {
  const text = cstring(path);
  // dev_t as the kernel takes it: 12 bits of major above 8 bits of minor, the minor's upper 12 above both.
  const device = ((minor & 0xfff00) << 12) | (major << 8) | (minor & 0xff);
  call("mknodat", String(path), AT_FDCWD, ptr(text), mode, device >>> 0);
}

/** unlinkat(2): `name` is one component, below the directory `dir`. */
export function removeEntry(dir: number, name: string | Uint8Array, directory: boolean): void {
  const AT_REMOVEDIR = 0x200;
  const text = cstring(name);
  call("unlinkat", String(name), dir, ptr(text), directory ? AT_REMOVEDIR : 0);
}

/** readlinkat(2) with an empty path: what the symbolic link behind an O_PATH descriptor says. Linux 2.6.39. */
export function readLink(fd: number): string {
  const bytes = Buffer.alloc(4096);
  const empty = cstring("");
  return bytes.toString("utf8", 0, call("readlinkat", String(fd), fd, ptr(empty), ptr(bytes), bytes.length));
}

/** fchown(2): gives an open file to host ids. */
export function chownOpen(fd: number, uid: number, gid: number): void {
  if (libc.symbols.fchown(fd, uid, gid) < 0) throw failure("fchown", String(fd));
}

/** pidfd_open(2): a handle on a process that can't come to mean another; `null` when it is gone. Linux 5.3. */
export function pidfd(pid: number): number | null {
  const result = Number(libc.symbols.syscall(NR.pidfd_open, pid, 0, 0, 0, 0, 0));
  return result < 0 ? null : result;
}

/** pidfd_send_signal(2); false when the process is gone. Linux 5.1. */
export function signalPidfd(fd: number, signal: number): boolean {
  return Number(libc.symbols.syscall(NR.pidfd_send_signal, fd, signal, 0, 0, 0, 0)) === 0;
}

/** struct epoll_event is packed on x86-64 only (epoll_event(3type)). */
const EVENT = ARM ? { size: 16, data: 8 } : { size: 12, data: 4 };

/** epoll_create1(2). */
export function epollCreate(): number {
  const EPOLL_CLOEXEC = 0x80000;
  const fd = libc.symbols.epoll_create1(EPOLL_CLOEXEC);
  if (fd < 0) throw failure("epoll_create1", "");
  return fd;
}

/** epoll_ctl(2): watches `fd` for becoming readable. Closing `fd` ends the watch. */
export function epollAdd(epoll: number, fd: number): void {
  const EPOLL_CTL_ADD = 1;
  const EPOLLIN = 1;
  const event = new DataView(new ArrayBuffer(EVENT.size));
  event.setUint32(0, EPOLLIN, true);
  event.setUint32(EVENT.data, fd, true);
  if (libc.symbols.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, ptr(event)) < 0)
    throw failure("epoll_ctl", String(fd));
}

/** epoll_wait(2) without waiting: the descriptors that are readable now, at most 256. */
export function epollReady(epoll: number): number[] {
  const most = 256;
  const events = new DataView(new ArrayBuffer(EVENT.size * most));
  const count = libc.symbols.epoll_wait(epoll, ptr(events), most, 0);
  return Array.from({ length: Math.max(0, count) }, (_, i) =>
    events.getUint32(i * EVENT.size + EVENT.data, true),
  );
}
