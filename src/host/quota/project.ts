import { closeSync, constants, lstatSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { asWarrenError } from "../../spec/errors.ts";
import { ioctl, quotactl } from "../syscall/index.ts";
import type { FileSystemQuotas } from "./index.ts";
import { dqblkOf, emptyDqblk, FSXATTR, quotaOf, setProject } from "./text.ts";

/** QCMD(Q_GETQUOTA, PRJQUOTA) and its sibling (quotactl(2)); the kernel takes them for xfs as well. */
const GET = ((0x800007 << 8) | 2) >>> 0;
const SET = ((0x800008 << 8) | 2) >>> 0;
const FS_IOC_FSGETXATTR = 0x801c581f;
const FS_IOC_FSSETXATTR = 0x401c5820;

/** Errors by which the kernel says that nobody ever counted for a project. */
const UNCOUNTED = new Set(["ENOENT", "ESRCH"]);
const errnoOf = (error: unknown): string => String(asWarrenError(error).details?.errno);

/** Project quota of xfs and ext4: every file of a container carries its project. */
export function projectQuotas(type: string, source: string): FileSystemQuotas {
  const get = (fd: number, project: number): Uint8Array => {
    const bytes = emptyDqblk();
    quotactl(fd, GET, project, bytes, source);
    return bytes;
  };

  /** Gives what is there already to the project; new files inherit it. Symbolic links and the like hold nothing. */
  function adopt(path: string, project: number): void {
    if (!mark(path, project, true, true)) return;
    for (const name of readdirSync(path)) adoptBelow(`${path}/${name}`, project);
    // The mark by which the next look knows that all was done, so it comes last.
    mark(path, project, true);
  }
  function adoptBelow(path: string, project: number): void {
    const stat = lstatSync(path);
    if (stat.isFile()) mark(path, project, false);
    if (!stat.isDirectory()) return;
    mark(path, project, true);
    for (const name of readdirSync(path)) adoptBelow(`${path}/${name}`, project);
  }
  /** False when it carries the project already; with `look` it stays as it is. */
  function mark(path: string, project: number, directory: boolean, look = false): boolean {
    const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = constants;
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | (directory ? O_DIRECTORY : 0));
    try {
      const bytes = new Uint8Array(FSXATTR.size);
      ioctl(fd, FS_IOC_FSGETXATTR, bytes, path);
      const changes = setProject(bytes, project, directory);
      if (changes && !look) ioctl(fd, FS_IOC_FSSETXATTR, bytes, path);
      return changes;
    } finally {
      closeSync(fd);
    }
  }

  /** Asked each time: quota can come with a remount. */
  function missing(dir: string): string | null {
    try {
      withDir(dir, (fd) => get(fd, 0));
      return null;
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return null;
      return `${dir} is on ${type} without project quota: mount ${source} with prjquota, or make a pool`;
    }
  }

  return {
    type,
    missing,
    makeTree(path, project) {
      mkdirSync(path, { mode: 0o700 });
      if (missing(path) === null) adopt(path, project);
    },
    read: (path, project) =>
      withDir(path, (fd) => {
        try {
          return quotaOf(get(fd, project));
        } catch (error) {
          if (!UNCOUNTED.has(errnoOf(error))) throw error;
          return quotaOf(emptyDqblk());
        }
      }),
    adopt: (path, project) => (missing(path) === null ? adopt(path, project) : undefined),
    limit: (path, project, which, most) =>
      withDir(path, (fd) => quotactl(fd, SET, project, dqblkOf(which, most), `${path} ${which}`)),
    forget(dir, project) {
      if (missing(dir) !== null) return;
      withDir(dir, (fd) => {
        for (const which of ["space", "inodes"] as const)
          quotactl(fd, SET, project, dqblkOf(which, null), `${dir} ${which}`);
      });
    },
  };
}

/** Does `work` with a directory open, never through a symbolic link. */
export function withDir<T>(path: string, work: (fd: number) => T): T {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}
