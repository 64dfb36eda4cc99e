import type { Cgroups } from "../host/cgroup/index.ts";
import {
  hardLimit,
  type LargestUse,
  limitAll,
  limitPair,
  oomScore,
  RESOURCE_NAMES,
  type Resource,
  scoreAll,
  useOf,
} from "../host/prlimit/index.ts";
import type { LevelHost } from "../spec/level.ts";
import { type DoorValues, INIT_PID, type LevelDoor, type LevelTarget } from "./level-door.ts";

/** Milliseconds for which one look at a container's processes serves all figures. */
const FRESH = 500;
const HELD = ".held";

/** Hard limits of each process of a container (`nofile`) and the largest use there is (`nofile.held`). */
export function openRlimits(cgroups: Pick<Cgroups, "processes">, host: () => LevelHost): LevelDoor {
  let last: { group: string; at: number; use: LargestUse } | null = null;
  const use = (group: string): LargestUse => {
    const now = performance.now();
    if (last?.group !== group || now - last.at > FRESH)
      last = { group, at: now, use: useOf(cgroups.processes(group)) };
    return last.use;
  };

  return {
    missing: () => null,
    read({ cgroup, pid }, file) {
      if (!file.endsWith(HELD)) return pid === null ? null : hardLimit(pid, file as Resource);
      const held = use(cgroup)[file.slice(0, -HELD.length) as Resource];
      return held === undefined ? null : String(held);
    },
    async write({ cgroup }, file, text) {
      limitAll(() => cgroups.processes(cgroup), file as Resource, text);
    },
    config: (_, values) =>
      Object.entries(values).map(([name, text]) => [
        `lxc.prlimit.${name}`,
        limitPair(name as Resource, text),
      ]),
    hook(_, values, again) {
      if (!again) return [];
      const { raises, rlimits } = host();
      const line = (verb: string, limits: string[]) =>
        `${verb} /usr/bin/prlimit --pid ${INIT_PID} ${limits.join(" ")}`;
      const limit = (name: string, text: string) => `--${name}=${limitPair(name as Resource, text)}`;
      // What is looser than at the start can't come back without the right to raise: it waits for a restart.
      if (!raises) return Object.entries(values).map(([name, text]) => line("try", [limit(name, text)]));
      const own = (name: string): string => String(rlimits[name] ?? "unlimited");
      return [
        line(
          "run",
          RESOURCE_NAMES.map((name) => limit(name, values[name] ?? own(name))),
        ),
      ];
    },
  };
}

/** Who is killed first when memory is out (`score`), of all processes of a container. */
export function openOom(cgroups: Pick<Cgroups, "processes">, host: () => LevelHost): LevelDoor {
  return {
    missing: () => null,
    read({ pid }) {
      const score = pid === null ? null : oomScore(pid);
      return score === null ? null : String(score);
    },
    async write({ cgroup }, _, text) {
      scoreAll(() => cgroups.processes(cgroup), Number(text));
    },
    config: (_, { score }) => (score === undefined ? [] : [["lxc.proc.oom_score_adj", score]]),
    hook: (_: LevelTarget, { score }: DoorValues, again) =>
      again ? [`write /proc/${INIT_PID}/oom_score_adj ${score ?? host().oomScore}`] : [],
  };
}
