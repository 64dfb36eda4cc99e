/** Groups of the real kernel for tests, with processes in them; what they make, `remove` of the door takes away. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Cgroups } from "../../src/host/cgroup/index.ts";
import { parseMounts } from "../../src/host/cgroup/text.ts";

/** Controllers that levels have settings in. */
const HANDED_DOWN = new Set(["memory", "cpu", "cpuset", "pids", "io", "hugetlb"]);

const mounts = () => parseMounts(readFileSync("/proc/self/mountinfo", "latin1"), "/sys/fs/cgroup");

/** Directories that a group has in the hierarchies of its dialect. */
export function placesOf({ dialect }: Cgroups, group: string): Buffer[] {
  const { v1, v2 } = mounts();
  const tops =
    dialect === "v2"
      ? [v2!.path]
      : [...new Set([...v1.values()].map(({ path }) => path)), ...(v2 ? [v2.path] : [])];
  return tops.map((top) => Buffer.from(`${top}/${group}`, "latin1"));
}

/** Makes a group in every hierarchy, as LXC does: v1 CPU sets filled from above, v2 controllers handed down. */
export function makeGroup(cgroups: Cgroups, group: string): void {
  for (const place of placesOf(cgroups, group)) mkdirSync(place, { recursive: true });
  if (cgroups.dialect === "v1") {
    const parent = group.includes("/") ? group.slice(0, group.lastIndexOf("/")) : ".";
    for (const file of ["cpuset.cpus", "cpuset.mems"])
      writeFileSync(
        Buffer.from(`/sys/fs/cgroup/cpuset/${group}/${file}`, "latin1"),
        cgroups.read(parent, "cpuset", file)!,
      );
    return;
  }
  const parts = ["", ...group.split("/")].slice(0, -1);
  for (let depth = 1; depth <= parts.length; depth++) {
    const parent = `/sys/fs/cgroup${parts.slice(0, depth).join("/")}`;
    const offered = readFileSync(`${parent}/cgroup.controllers`, "utf8").trim().split(" ");
    const wanted = offered.filter((name) => HANDED_DOWN.has(name)).map((name) => `+${name}`);
    writeFileSync(`${parent}/cgroup.subtree_control`, wanted.join(" "));
  }
}

/** Runs a command that enters a group before it begins: `sh` moves itself, then becomes the command. */
export function runIn(
  cgroups: Cgroups,
  group: string,
  argv: string[],
): Bun.Subprocess<"ignore", "pipe", "pipe"> {
  const places = placesOf(cgroups, group).map((place) => `${place.toString("latin1")}/cgroup.procs`);
  const enter = 'for f in $PLACES; do echo $$ > "$f" || exit 1; done; exec "$@"';
  return Bun.spawn({
    cmd: ["/bin/sh", "-c", enter, "sh", ...argv],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", PLACES: places.join(" ") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Waits for something to become true; throws after `ms`. */
export async function eventually(
  what: string,
  done: () => boolean | Promise<boolean>,
  ms = 15_000,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`it never came true: ${what}`);
    await Bun.sleep(5);
  }
}
