/** Doors of levels in memory, for every controller that isn't one of control groups. */
import type { LevelDoor, LevelDoors } from "../../src/engine/level-door.ts";
import { changeOf } from "../../src/plan/level.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { LevelHost, Setting } from "../../src/spec/level.ts";
import { FRESH_LEVELS } from "../../src/spec/level-request.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import type { FakeCgroups } from "./cgroup-fake.ts";

/** Their words are kept among the files of the groups, and their writes are seen and refused as those are. */
export function fakeDoors(cgroups: FakeCgroups, host: LevelHost): LevelDoors {
  const settings = LEVELS.flatMap((row) => row.ways[cgroups.dialect]?.settings ?? []).filter(
    ({ controller }) => !cgroups.controllers.has(controller),
  );
  const doors: Record<string, LevelDoor> = {};
  for (const { controller } of settings)
    doors[controller] ??= doorOf(
      cgroups,
      host,
      settings.filter((each) => each.controller === controller),
    );
  return doors;
}

function doorOf(cgroups: FakeCgroups, host: LevelHost, settings: readonly Setting[]): LevelDoor {
  const at = (file: string) => `${settings[0]?.controller}:${file}`;
  for (const { file, text } of settings) cgroups.files.set(at(file), text(FRESH_LEVELS, host));
  return {
    // One that takes its time, so that its writes end in the middle of others'.
    slow: settings[0]?.controller === "connections",
    missing: () => null,
    read: (_target, file) => cgroups.files.get(at(file)) ?? null,
    async write(_target, file, text) {
      const path = at(file);
      for (let turns = 3; this.slow && turns > 0; turns--) await Promise.resolve();
      cgroups.before(path, text, cgroups.writes.length);
      const setting = settings.find((each) => each.file === file);
      if (!setting) throw new WarrenError("FAILED", `write ${path}: ENOENT`, "", { errno: "ENOENT" });
      const change = changeOf(setting, cgroups.files.get(path) ?? "", text);
      if (setting.oneWay?.(host) && change === "loosen")
        throw new WarrenError("FAILED", `write ${path}: EPERM`, "", { errno: "EPERM" });
      cgroups.files.set(path, text);
      cgroups.writes.push({ path, text });
      cgroups.after(path);
    },
  };
}
