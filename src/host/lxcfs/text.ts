import { dirname } from "node:path";
import { octalsUndone } from "../proc/text.ts";

/** Files of /proc and /sys that lxcfs shows as the container's own. */
export const VIEW_FILES = [
  "proc/cpuinfo",
  "proc/diskstats",
  "proc/loadavg",
  "proc/meminfo",
  "proc/stat",
  "proc/swaps",
  "proc/uptime",
  "sys/devices/system/cpu/online",
] as const;

/** One line of a /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
interface MountLine {
  id: string;
  parent: string;
  /** Its number, `0:60`: a server that was started anew has another. */
  device: string;
  path: string;
  type: string;
}

function mountLines(mountinfo: string): MountLine[] {
  return mountinfo
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before = "", after = ""] = line.split(" - ");
      const [id = "", parent = "", device = "", , path = ""] = before.split(" ");
      return { id, parent, device, path: octalsUndone(path), type: after.split(" ")[0] ?? "" };
    });
}

/** What is seen at a path: of mounts upon each other the last, and none that another hides. */
function seenAt(mounts: readonly MountLine[]): (path: string) => MountLine | undefined {
  const byPath = Map.groupBy(mounts, ({ path }) => path);
  const ids = new Set(mounts.map(({ id }) => id));
  const seen = (path: string): MountLine | undefined => {
    const here = byPath.get(path) ?? [];
    let at = path === "/" ? here.find(({ parent }) => !ids.has(parent)) : seen(dirname(path));
    for (let next = at; next !== undefined; ) {
      at = next;
      next = here.find(({ parent, id }) => parent === at?.id && id !== parent);
    }
    return at;
  };
  return seen;
}

const isView = (mount: MountLine | undefined, path: string): mount is MountLine =>
  mount?.path === path && mount.type === "fuse.lxcfs";

/** The number of the device that lxcfs serves a directory from, or `null` when nothing of lxcfs is there. */
export function viewDevice(mountinfo: string, dir: string): string | null {
  const mount = seenAt(mountLines(mountinfo))(dir);
  return isView(mount, dir) ? mount.device : null;
}

/** A file that must be mounted anew; `covered` when an lxcfs that ended lies on it. */
export interface StaleFile {
  file: string;
  covered: boolean;
}

/** Files of a guest that show something else than the lxcfs on `device`. */
export function staleFiles(mountinfo: string, device: string): StaleFile[] {
  const seen = seenAt(mountLines(mountinfo));
  return VIEW_FILES.flatMap((file): StaleFile[] => {
    const mount = seen(`/${file}`);
    if (!isView(mount, `/${file}`)) return [{ file, covered: false }];
    return mount.device === device ? [] : [{ file, covered: true }];
  });
}
