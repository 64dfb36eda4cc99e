/** How levels come into force at a start, before init's first instruction, and at a reboot from within. */
import { writeLevels } from "../host/lxc/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { FLAT } from "../spec/levels/io.ts";
import { type Context, lockOf } from "./context.ts";
import type { StartValues } from "./level.ts";
import { tellAtStart } from "./level-inside.ts";
import { cgroupOf, targetOf } from "./root.ts";

/** What LXC is told, and what the hook finds. */
export interface StartLevels {
  config: [string, string][];
  /** Whether its memory may be merged, which it inherits from who starts it. */
  merge: boolean;
  /** The lines of the hook's `levels` file. */
  hook: string;
}

/** Prepares a start: what doors make goes away with `cleanUp`. Throws what a level can't come into force for. */
export async function startLevels(c: Context, r: ContainerRecord): Promise<StartLevels> {
  const target = targetOf(c, r);
  const values = c.levels.startValues(r, false);
  const config: [string, string][] = [];
  for (const [name, door] of Object.entries(c.doors)) {
    const words = values.doors[name] ?? {};
    await door.prepare?.(target, words);
    config.push(...(door.config?.(target, words) ?? []));
  }
  for (const controller of new Set(values.files.map((each) => each.controller)))
    await c.cgroups.handDown(target.cgroup, controller);
  return { config, merge: values.doors.ksm?.merge === "1", hook: hookLines(c, r, values, false) };
}

/**
 * Leaves for the hook what a reboot from within must find in force: what is saved, also while no daemon runs, and
 * nothing of what was only set live.
 */
export function leaveForReboot(c: Context, name: string): void {
  const r = c.store.containers.get(name);
  if (r) writeLevels(c.paths.lxc, name, hookLines(c, r, c.levels.startValues(r, true), true));
}

/** After a reboot from within: takes back what was set live, not saved, and is still in force. Never throws. */
export async function settleLevels(c: Context, name: string): Promise<void> {
  await c.operations
    .locked([lockOf(name)], () => c.levels.settle(name))
    .catch((error) =>
      c.log("warn", "unsaved levels could not be taken back after a reboot", {
        container: name,
        error: String(error),
      }),
    );
}

/** Doors come first: what they put in force doesn't depend on groups, and a refusal costs least there. */
function hookLines(c: Context, r: ContainerRecord, values: StartValues, again: boolean): string {
  const group = cgroupOf(c, r.name);
  const target = targetOf(c, r);
  const doors = Object.entries(c.doors).flatMap(
    ([name, door]) => door.hook?.(target, values.doors[name] ?? {}, again) ?? [],
  );
  const files = values.files.flatMap(({ controller, file, value, nested }) => {
    const inside = nested ? [c.cgroups.path(`${group}/guest`, controller, file)] : [];
    return [...inside, c.cgroups.path(group, controller, file)].map((path) => `write ${path} ${value}`);
  });
  const closed = FLAT[c.cgroups.dialect]
    .filter((controller) => c.cgroups.controllers.has(controller))
    .map((controller) => `run /bin/chmod g-w ${c.cgroups.path(`${group}/guest`, controller, "")}`);
  const told = tellAtStart(c.cgroups, group, values.files);
  return [...closed, ...doors, ...files, ...told].map((line) => `${line}\n`).join("");
}
