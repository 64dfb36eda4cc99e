import type { ContainerRecord } from "../spec/container.ts";
import type { Context } from "./context.ts";
import type { Work } from "./operation.ts";
import { survey } from "./share-look.ts";
import { shareAndTell } from "./share-move.ts";

/**
 * Shares the files of a container that is about to start, because somebody asked for it while it ran. A fault of it is told in the
 * log and does not keep the container from starting.
 */
export async function shareAtStart(c: Context, r: ContainerRecord, work: Work): Promise<void> {
  work.progress("sharing files");
  try {
    await shareAndTell(c, r, await survey(c, work.signal), work);
  } catch (error) {
    if (work.signal.aborted) throw error;
    c.log("warn", "files could not be shared before the start", { container: r.name, error: String(error) });
  }
  c.store.containers.update(r.name, ({ shareAtStart: _, ...old }) => old);
}
