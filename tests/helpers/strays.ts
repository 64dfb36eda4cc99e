/** Whether records and host agree: nothing without a record, no record that lacks its thing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ifbOf } from "../../src/host/shape/index.ts";
import type { ContainerInfo } from "../../src/spec/container.ts";
import type { ImageSummary } from "../../src/spec/image.ts";
import { cgroupTop, type Instance, linkPrefix, monitorTop } from "../../src/spec/instance.ts";

const CGROUPS = "/sys/fs/cgroup";
const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);

/** Directories right below `top` in every hierarchy, `HIERARCHY/NAME`; files of the kernel are left out. */
function groups(top: string): string[] {
  const hierarchies = existsSync(`${CGROUPS}/cgroup.controllers`) ? ["."] : entries(CGROUPS);
  return hierarchies.flatMap((hierarchy) => {
    const at = `${CGROUPS}/${hierarchy}/${top}`;
    if (!existsSync(at)) return [];
    const below = readdirSync(at, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return below.map(({ name }) => name);
  });
}

/** Mount points below a directory; lxcfs and the first program of guests belong to the daemon. */
function mounts(dir: string): string[] {
  const points = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return points
    .map((line) => line.split(" ")[4] ?? "")
    .filter((at) => at.startsWith(`${dir}/`) && !/\/(?:lxcfs|opener)$/.test(at));
}

/** Names of the containers whose LXC monitor lives. */
function monitors(lxcPath: string): string[] {
  const title = `[lxc monitor] ${lxcPath} `;
  return readdirSync("/proc").flatMap((pid) => {
    try {
      const command = /^\d+$/.test(pid)
        ? readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
        : "";
      return command.startsWith(title) ? [command.slice(title.length).trim()] : [];
    } catch {
      return []; // it ended while we looked
    }
  });
}

/** Where the host's things and those that the records ask for differ: `+` too much, `-` missing. */
export function strays(
  i: Instance,
  containers: ContainerInfo[],
  images: ImageSummary[],
  /** Ids of all snapshots. */
  snapshots: string[] = [],
): string[] {
  const runs = containers.filter((c) => c.initPid !== null);
  const names = runs.map((c) => c.name);
  const compare = (what: string, found: Iterable<string>, expected: string[]): string[] => {
    const [has, wants] = [new Set(found), new Set(expected)];
    return [
      ...[...has].filter((it) => !wants.has(it)).map((it) => `+ ${what} ${it}`),
      ...[...wants].filter((it) => !has.has(it)).map((it) => `- ${what} ${it}`),
    ];
  };
  const uuids = runs.map((c) => c.uuid);
  return [
    ...compare(
      "data",
      entries(`${i.state}/containers`),
      containers.map((c) => c.uuid),
    ),
    ...compare("snapshot", entries(`${i.state}/snapshots`), snapshots),
    ...compare("trash", entries(`${i.state}/trash`), []),
    ...compare("root", entries(`${i.run}/rootfs`), uuids),
    ...compare("scratch", entries(`${i.run}/scratch`), []),
    ...compare("run-time directory", entries(`${i.run}/lxc`), names),
    ...compare(
      "mount",
      // Its terminals, shared memory and devices hang beside the root of one that runs.
      mounts(i.run).filter((at) => !runs.some((c) => at !== c.rootfs && dirname(at) === dirname(c.rootfs))),
      runs.map((c) => c.rootfs),
    ),
    ...compare("mount", mounts(i.state), []),
    ...compare(
      "link",
      // One whose sending is limited has a second.
      entries("/sys/class/net").filter(
        (name) => name.startsWith(linkPrefix(i)) && !runs.some(({ link }) => name === ifbOf(link)),
      ),
      runs.map((c) => c.link),
    ),
    ...compare("group", groups(cgroupTop(i)), names),
    ...compare("monitor's group", groups(monitorTop(i)), names),
    ...compare("monitor", monitors(`${i.run}/lxc`), names),
    ...compare(
      "image",
      entries(`${i.state}/images`).filter((name) => !["tmp", "objects", "lowers"].includes(name)),
      images.map((image) => image.digest.slice(7)),
    ),
    ...compare("unfinished image", entries(`${i.state}/images/tmp`), []),
    ...runs.filter((c) => !existsSync(`/proc/${c.initPid}`)).map((c) => `- init of ${c.name}`),
  ];
}
