import { WarrenError } from "../../spec/errors.ts";
import { removeTree, until } from "./files.ts";

/** Milliseconds a kernel may need to bury the last process of a group. */
const BURIAL = 10_000;
/** Milliseconds that freezing may take; a process in the middle of a disk wait can't be stopped. */
export const FREEZING = 10_000;

/** Waits until a group has no process; throws TIMEOUT. */
export async function emptied(group: string, processes: () => number[]): Promise<void> {
  if (await until(() => processes().length === 0, BURIAL)) return;
  const left = processes();
  throw new WarrenError(
    "TIMEOUT",
    `${left.length} processes of ${group} did not end within ${BURIAL} ms`,
    "a process that waits for a disk can't be killed; see details.pids",
    { group, pids: left.slice(0, 20) },
  );
}

/** The error of a group that could not be frozen. */
export function notFrozen(group: string): WarrenError {
  return new WarrenError(
    "TIMEOUT",
    `${group} could not be frozen within ${FREEZING} ms`,
    "it runs on; a process that waits for a disk can't be frozen, try again",
    { group },
  );
}

/** Removes the same group in several places, waiting for the kernel to let go; throws IN_USE. */
export async function removed(
  group: string,
  tops: readonly string[],
  processes: () => number[],
): Promise<void> {
  for (const top of tops) {
    if (removeTree(top)) continue;
    // Only the dead linger for long; the living are somebody's mistake.
    const gone = await until(() => removeTree(top) || processes().length > 0, BURIAL);
    if (gone && processes().length === 0 && removeTree(top)) continue;
    throw new WarrenError("IN_USE", `the control group ${group} still has processes`, "end them first", {
      group,
      path: top,
      pids: processes().slice(0, 20),
    });
  }
}
