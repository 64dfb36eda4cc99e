/** The kernel's own ceiling for one devpts, NR_UNIX98_PTY_MAX (fs/devpts/inode.c). */
export const MOST_PTYS = 1_048_576;

/** The group of terminals in every distribution Warren knows, by which write(1) reaches them. */
const TTY_GROUP = 5;

/** Options of a guest's devpts (Documentation/filesystems/devpts.rst); a remount must name all of them again. */
export const ptsOptions = (base: number, max: number): string =>
  `gid=${base + TTY_GROUP},mode=0620,ptmxmode=0666,max=${max}`;

/** Options of a guest's /dev/shm (Documentation/filesystems/tmpfs.rst). */
export const shmOptions = (base: number, size: number): string =>
  `size=${size},mode=1777,uid=${base},gid=${base}`;

/** Limits of every devpts in a /proc/PID/mountinfo, by mount point; the kernel leaves its own ceiling out. */
export function ptyLimits(mountinfo: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - devpts ");
    if (after === "") continue;
    const [, max] = /[ ,]max=(\d+)/.exec(after) ?? [];
    found.set(before.split(" ")[4] ?? "", max === undefined ? MOST_PTYS : Number(max));
  }
  return found;
}
