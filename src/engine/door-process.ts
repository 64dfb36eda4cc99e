import type { Cgroups } from "../host/cgroup/index.ts";
import {
  hardLimit,
  type LargestUse,
  limitAll,
  limitPair,
  oomScore,
  type Resource,
  scoreAll,
  useOf,
} from "../host/prlimit/index.ts";
import type { LevelHost } from "../spec/level.ts";
import { INIT_PID, type LevelDoor } from "./level-door.ts";

/** Milliseconds for which one look at a container's processes serves all figures. */
const FRESH = 500;
const HELD = ".held";

type Groups = Pick<Cgroups, "processes" | "freeze" | "frozen">;

/**
 * Does `sweep` over the processes of a group so that none escapes: where they fork under it, they are halted for the
 * moment, for then no fork is under way.
 */
async function overAll(
  cgroups: Groups,
  group: string,
  sweep: (processes: () => readonly number[]) => boolean,
): Promise<void> {
  const processes = () => cgroups.processes(group);
  if (!sweep(processes) || cgroups.frozen(group)) return;
  await cgroups.freeze(group, true);
  try {
    sweep(processes);
  } finally {
    await cgroups.freeze(group, false);
  }
}

/** Hard limits of each process of a container (`nofile`) and the largest use there is (`nofile.held`). */
export function openRlimits(cgroups: Groups, host: () => LevelHost): LevelDoor {
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
      await overAll(cgroups, cgroup, (processes) => limitAll(processes, file as Resource, text));
    },
    // Not through LXC's own lxc.prlimit: lxc-attach would put those of the start in force again, and fail where that
    // means raising them.
    hook(_, values, again) {
      const limits = Object.entries(values).map(
        ([name, text]) => `--${name}=${limitPair(name as Resource, text)}`,
      );
      if (limits.length === 0) return [];
      // Init inherits from its monitor, which may have begun under a daemon with narrower limits than today's.
      const verb = again && !host().raises ? "try" : "run";
      return [`${verb} /usr/bin/prlimit --pid ${INIT_PID} ${limits.join(" ")}`];
    },
  };
}

/** Who is killed first when memory is out (`score`), of all processes of a container. */
export function openOom(cgroups: Groups): LevelDoor {
  return {
    missing: () => null,
    read({ pid }) {
      const score = pid === null ? null : oomScore(pid);
      return score === null ? null : String(score);
    },
    async write({ cgroup }, _, text) {
      await overAll(cgroups, cgroup, (processes) => scoreAll(processes, Number(text)));
    },
    // Like the limits above not through lxc.proc, which lxc-attach would put in force again.
    hook: (_, { score }) => (score === undefined ? [] : [`write /proc/${INIT_PID}/oom_score_adj ${score}`]),
  };
}
