import { openPseudofs } from "../engine/door-pseudofs.ts";
import type { LevelDoors } from "../engine/level-door.ts";
import type { Paths } from "../engine/paths.ts";
import type { LevelHost } from "../spec/level.ts";

/** Every door to levels that aren't files of control groups, by the name that settings give as their controller. */
export function openDoors(paths: Paths, host: () => LevelHost): LevelDoors {
  return {
    pseudofs: openPseudofs(paths, () => host().memory),
  };
}
