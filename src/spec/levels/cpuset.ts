/** Which CPUs a container runs on. */
import type { LevelValue } from "../container.ts";
import { cpuList, cpuListText } from "../cpulist.ts";
import type { Dialect, LevelWay, Nesting, Setting } from "../level.ts";
import { figure } from "./figures.ts";

const common = (a: string, b: string): number[] => {
  const other = new Set(cpuList(b));
  return (cpuList(a) ?? []).filter((cpu) => other.has(cpu));
};
const cpusExtent = (text: string): string | null => text || null;
/** All CPUs are named: the kernel refuses to empty the list of a group that has processes. */
const chosenCpus: Setting["text"] = (levels, host) => {
  const value = levels["cpu.set"];
  return typeof value === "string" ? value : host.cpus;
};

/** On v1 the CPUs of a group below are always some of its parent's. */
const cpusNesting: Nesting = {
  files: ["cpuset.cpus"],
  // A group that had all its parent had still does; one that had less chose so and keeps what is left of it.
  settle([own = ""], from, to) {
    if (own === "") return own;
    const kept = common(own, to);
    return own === from || kept.length === 0 ? to : cpuListText(kept);
  },
  cover: (a, b) => cpuListText(cpuList([a, b].filter(Boolean).join(",")) ?? []),
};

/** How the CPUs are chosen. */
export const cpuSet: Record<Dialect, LevelWay> = {
  v1: {
    settings: [
      {
        controller: "cpuset",
        file: "cpuset.cpus",
        of: ["cpu.set"],
        text: chosenCpus,
        extent: cpusExtent,
        inRoot: true,
        nesting: cpusNesting,
      },
    ],
    limit: figure("cpuset", "cpuset.cpus", ([text = ""]) => cpusExtent(text)),
  },
  v2: {
    settings: [
      {
        controller: "cpuset",
        file: "cpuset.cpus",
        of: ["cpu.set"],
        text: chosenCpus,
        empty: (host) => host.cpus,
        extent: cpusExtent,
      },
    ],
    limit: figure("cpuset", "cpuset.cpus", ([text = ""]) => cpusExtent(text)),
  },
};

/** Why a list names CPUs that the host hasn't. */
export function checkCpus(value: LevelValue, host: { cpus: string }): string | null {
  if (typeof value !== "string") return null;
  return common(value, host.cpus).length === cpuList(value)?.length
    ? null
    : `names a CPU that isn't online (${host.cpus})`;
}
