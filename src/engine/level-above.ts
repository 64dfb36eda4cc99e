/** What the group above all containers must have for theirs to count. */
import type { Cgroups } from "../host/cgroup/index.ts";
import type { Dialect, Setting } from "../spec/level.ts";
import { LEVELS } from "../spec/levels.ts";

/** Settings that count only as far as the group above has them too. */
const settingsAbove = (dialect: Dialect): Setting[] =>
  LEVELS.flatMap(({ ways }) => ways[dialect]?.settings ?? []).filter(({ above }) => above !== undefined);

/** Levels that such settings are made of. */
export const levelsAbove = (dialect: Dialect): Set<string> =>
  new Set(settingsAbove(dialect).flatMap(({ of }) => of));

/** Whether a file is one of theirs. */
export const secondedAbove = (dialect: Dialect, controller: string, file: string): boolean =>
  settingsAbove(dialect).some((each) => each.controller === controller && each.file === file);

/**
 * Gives `top` as much as the groups below it have together (memory.min, memory.low: cgroup-v2.rst, Linux 4.18). What
 * one of them doesn't use the kernel may keep for the others, but never more than the sum. Throws FAILED.
 */
export async function giveAbove(cgroups: Cgroups, top: string, groups: readonly string[]): Promise<void> {
  for (const { controller, file } of settingsAbove(cgroups.dialect)) {
    const has = cgroups.read(top, controller, file);
    const sum = groups.reduce((all, group) => all + Number(cgroups.read(group, controller, file) ?? 0), 0);
    if (has !== null && has !== String(sum)) await cgroups.write(top, controller, file, String(sum));
  }
}
