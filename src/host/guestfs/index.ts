/**
 * Files of a guest, reached from outside: every name and link is the guest's and may lie.
 *
 * Paths are resolved with openat2(2) RESOLVE_IN_ROOT below the guest's root, so nothing leads out of it, and only
 * regular files are read. What must never happen here: opening a path of the guest with an ordinary open.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  writeSync,
} from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { chownOpen, makeDirectory, openInRoot, removeEntry } from "../syscall/index.ts";

const O_PATH = 0o10000000;
const { O_RDONLY, O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY, O_DIRECTORY } = constants;

/** Does `work` with a descriptor of the guest's root directory. */
export function inRoot<T>(root: string, work: (dir: number) => T): T {
  const dir = openSync(root, O_PATH | O_DIRECTORY);
  try {
    return work(dir);
  } finally {
    closeSync(dir);
  }
}

/** Opens a regular file for reading; the descriptor is the caller's. Throws NO_FILE, HOSTILE when it is no file. */
export function openRead(dir: number, path: string): { fd: number; stat: Stats } {
  // O_NONBLOCK: a FIFO that the guest put there must not halt the daemon.
  const fd = opened(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, stat };
  closeSync(fd);
  throw new WarrenError("REFUSED", `"${path}" is not a regular file`, "name a regular file");
}

/** Reads a small text file of the guest, at most `most` bytes; `null` when there is none. */
export function readText(root: string, path: string, most = 1 << 20): string | null {
  return inRoot(root, (dir) => {
    try {
      const { fd, stat } = openRead(dir, path);
      try {
        const bytes = Buffer.alloc(Math.min(stat.size, most));
        let length = 0;
        for (let n = -1; n !== 0 && length < bytes.length; length += n)
          n = readSync(fd, bytes, length, bytes.length - length, null);
        return bytes.toString("utf8", 0, length);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (error instanceof WarrenError) return null;
      throw error;
    }
  });
}

/** How a file is created: mode bits and the host ids of its owner. */
export interface Owner {
  mode: number;
  uid: number;
  gid: number;
}

/** Opens a regular file for writing, made or emptied; a link at its end is refused. The descriptor is the caller's. */
export function openWrite(dir: number, path: string, owner: Owner): number {
  const fd = opened(dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600);
  try {
    if (!fstatSync(fd).isFile())
      throw new WarrenError("REFUSED", `"${path}" is not a regular file`, "name a regular file");
    chownOpen(fd, owner.uid, owner.gid);
    fchmodSync(fd, owner.mode);
    ftruncateSync(fd, 0);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Writes a small file of the guest, whole. */
export function writeText(root: string, path: string, text: string | Uint8Array, owner: Owner): void {
  inRoot(root, (dir) => {
    const fd = openWrite(dir, path, owner);
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } finally {
      closeSync(fd);
    }
  });
}

/** Writes a small text file of the guest in place of the one that is there, whole or not at all. */
export function replaceText(root: string, path: string, text: string, owner: Owner): void {
  const at = path.lastIndexOf("/");
  const fresh = `${path}.warren-new`;
  removeFile(root, fresh);
  writeText(root, fresh, text, owner);
  inRoot(root, (dir) => {
    const parent = opened(dir, at < 0 ? "." : path.slice(0, at), O_RDONLY | O_DIRECTORY);
    try {
      const [from, to] = [fresh, path].map((name) => `/proc/self/fd/${parent}/${name.slice(at + 1)}`);
      renameSync(from!, to!);
    } finally {
      closeSync(parent);
    }
  });
}

/** Takes a file or link of the guest away; no error when there is none. Throws when it is a directory. */
export function removeFile(root: string, path: string): void {
  const at = path.lastIndexOf("/");
  inRoot(root, (dir) => {
    const parent = opened(dir, at < 0 ? "." : path.slice(0, at), O_RDONLY | O_DIRECTORY);
    try {
      removeEntry(parent, path.slice(at + 1), false);
    } catch (error) {
      if (!(error instanceof WarrenError) || error.details?.errno !== "ENOENT") throw error;
    } finally {
      closeSync(parent);
    }
  });
}

/** Makes a directory and those above it where they are missing. */
export function makeParents(dir: number, path: string, owner: Owner): void {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  for (let i = 1; i <= parts.length; i++) {
    const at = parts.slice(0, i).join("/");
    if (exists(dir, at)) continue;
    const above = i === 1 ? "." : parts.slice(0, i - 1).join("/");
    const parent = opened(dir, above, O_RDONLY | O_DIRECTORY);
    try {
      makeDirectory(parent, parts[i - 1]!, owner.mode);
      const made = openInRoot(parent, parts[i - 1]!, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
      chownOpen(made, owner.uid, owner.gid);
      closeSync(made);
    } finally {
      closeSync(parent);
    }
  }
}

/** Whether something is there, a dangling link not. */
export function exists(dir: number, path: string): boolean {
  try {
    closeSync(openInRoot(dir, path, O_PATH));
    return true;
  } catch {
    return false;
  }
}

/** openat2 with the errors a person can use. */
export function opened(dir: number, path: string, flags: number, mode = 0): number {
  try {
    return openInRoot(dir, path, flags, mode);
  } catch (error) {
    const errno = error instanceof WarrenError ? error.details?.errno : undefined;
    if (errno === "ENOENT" || errno === "ENOTDIR")
      throw new WarrenError(
        "NO_FILE",
        `there is no "${path}" in the container`,
        "look with `warren file list`",
      );
    if (errno === "EISDIR") throw new WarrenError("REFUSED", `"${path}" is a directory`, "name a file in it");
    if (errno === "ELOOP")
      throw new WarrenError("REFUSED", `"${path}" is a symbolic link`, "name the file it points to");
    throw error;
  }
}
