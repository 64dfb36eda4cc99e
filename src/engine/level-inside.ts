/** Tells guests of levels that are in force above them, where their programs look. */
import type { Cgroups } from "../host/cgroup/index.ts";
import { INSIDE } from "../spec/levels/inside.ts";
import type { StartValue } from "./level.ts";

const guestOf = (group: string): string => `${group}/guest`;

/**
 * Makes the guest's own group say what its container's does. Never throws: it is what the guest sees, and no limit; a
 * group that is gone, or that a guest made in the way, is not told.
 */
export async function tellInside(cgroups: Cgroups, group: string): Promise<void> {
  const { controller, from, files, writes } = INSIDE[cgroups.dialect];
  if (!cgroups.controllers.has(controller)) return;
  const guest = guestOf(group);
  try {
    const outer = cgroups.read(group, controller, from);
    if (outer === null) return;
    const inner = files.map((file) => cgroups.read(guest, controller, file));
    for (const { file, text } of writes(outer, inner)) await cgroups.write(guest, controller, file, text);
  } catch {
    // The next change or the daemon's next start tells it.
  }
}

/** The hook's lines that do the same at a start, for files about to be written to the container's group. */
export function tellAtStart(cgroups: Cgroups, group: string, files: readonly StartValue[]): string[] {
  const { controller, from, fresh, writes } = INSIDE[cgroups.dialect];
  const outer = files.find((each) => each.controller === controller && each.file === from);
  return writes(outer?.value ?? fresh[0]!, fresh).map(
    ({ file, text }) => `tell ${cgroups.path(guestOf(group), controller, file)} ${text}`,
  );
}
