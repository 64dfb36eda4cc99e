/** A mounted hierarchy: where it is, and which group of the kernel's tree its top shows. */
export interface CgroupMount {
  path: string;
  top: string;
}

/** All hierarchies below one root; a v1 hierarchy appears under each of its controllers' names. */
export interface CgroupMounts {
  v1: ReadonlyMap<string, CgroupMount>;
  v2: CgroupMount | null;
}

const octalsUndone = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));

/** Super options of a v1 mount that name no controller (cgroups(7)). */
const NO_CONTROLLER = new Set([
  "rw",
  "ro",
  "xattr",
  "noprefix",
  "clone_children",
  "cpuset_v2_mode",
  "release_agent",
]);

/** Finds the hierarchies at or below `root` in a /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export function parseMounts(mountinfo: string, root: string): CgroupMounts {
  const v1 = new Map<string, CgroupMount>();
  let v2: CgroupMount | null = null;
  for (const line of mountinfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , , top = "", path = ""] = before.split(" ").map(octalsUndone);
    const [type, , options = ""] = after.split(" ");
    if (path !== root && !path.startsWith(`${root}/`)) continue;
    if (type === "cgroup2") v2 ??= { path, top };
    if (type !== "cgroup") continue;
    for (const option of options.split(",")) {
      const name = option.replace(/^name=/, "");
      if (!NO_CONTROLLER.has(name.split("=")[0] ?? "") && !v1.has(name)) v1.set(name, { path, top });
    }
  }
  return { v1, v2 };
}

/**
 * The path of a process's group in one hierarchy, from a /proc/PID/cgroup (cgroups(7)); `controller` is empty for v2.
 * The path is the kernel's; `top` is the group that the mount shows as its root.
 */
export function groupIn(text: string, controller: string, top: string): string | null {
  for (const line of text.split("\n")) {
    const [, names = "", ...rest] = line.split(":");
    if (!names.split(",").includes(controller) || rest.length === 0) continue;
    const path = rest.join(":");
    const inside = top === "/" ? path : path.startsWith(`${top}/`) ? path.slice(top.length) : null;
    return inside === null ? null : inside.replace(/^\//, "");
  }
  return null;
}

/** Stands where a controller does for the v2 tree beside v1 hierarchies, which has the pressure of each group. */
export const UNIFIED = "unified";

/** The name of the group below the container's own in which LXC puts the guest. */
export const INNER = "guest";

/** Cuts the inner group, and all a guest made below it, off a path `TOP/NAME/...`; NAME itself may be the same word. */
export function outerGroup(path: string): string {
  const parts = path.split("/");
  const inner = parts.indexOf(INNER, 2);
  return inner === -1 ? path : parts.slice(0, inner).join("/");
}

/** Whether a `word number` line of a file says 1. */
export const isSet = (text: string | null, word: string): boolean =>
  text?.split("\n").includes(`${word} 1`) ?? false;

/** Numbers of a file, one a line. */
export const numbers = (text: string | null): number[] =>
  (text ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map(Number);
