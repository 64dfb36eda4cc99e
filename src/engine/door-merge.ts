import type { Cgroups } from "../host/cgroup/index.ts";
import { mayMerge, merged, unmergeable } from "../host/ksm/index.ts";
import { WarrenError } from "../spec/errors.ts";
import type { LevelDoor } from "./level-door.ts";

/**
 * Whether equal memory of a container is kept once (`merge`), and how much is (`merge.held`). It is inherited from who
 * starts it (engine/start.ts), and what runs can't be told any more.
 */
export function openMerge(cgroups: Pick<Cgroups, "processes">): LevelDoor {
  return {
    missing: unmergeable,
    read({ pid, cgroup }, file) {
      if (file !== "merge") return String(merged(cgroups.processes(cgroup)));
      const may = pid === null ? null : mayMerge(pid);
      return may === null ? null : may ? "1" : "0";
    },
    async write({ name }) {
      throw new WarrenError(
        "REFUSED",
        `whether memory of "${name}" is merged is decided when it starts`,
        "restart it",
      );
    },
  };
}
