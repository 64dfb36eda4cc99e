import type { ContainerRecord } from "../spec/container.ts";
import type { Context } from "./context.ts";
import type { Work } from "./operation.ts";
import { type Survey, survey } from "./share-look.ts";
import { shareAndTell } from "./share-move.ts";

/** What a survey found is good for some minutes: it only tells which files are worth reading. */
export interface Surveys {
  /** Looks anew. */
  fresh(c: Context, signal: AbortSignal): Promise<Survey>;
  /** The last one, or a fresh one when it was long ago. */
  recent(c: Context, signal: AbortSignal): Promise<Survey>;
}

/** Milliseconds that a survey is kept: hundreds of containers that are started again one by one use a few. */
const KEPT = 300_000;

/** Keeps the last survey, and forgets it after a while: it may hold some megabytes. */
export function keepSurveys(): Surveys {
  let last: Survey | null = null;
  const fresh: Surveys["fresh"] = async (c, signal) => {
    const made = await survey(c, signal);
    last = made;
    setTimeout(() => {
      if (last === made) last = null;
    }, KEPT).unref();
    return made;
  };
  return { fresh, recent: async (c, signal) => last ?? fresh(c, signal) };
}

/**
 * Shares the files of a container that is about to start, because somebody asked for it while it ran. A fault of it is told in the
 * log and does not keep the container from starting.
 */
export async function shareAtStart(c: Context, r: ContainerRecord, work: Work): Promise<void> {
  work.progress("sharing files");
  try {
    await shareAndTell(c, r, await c.surveys.recent(c, work.signal), work);
  } catch (error) {
    if (work.signal.aborted) throw error;
    c.log("warn", "files could not be shared before the start", { container: r.name, error: String(error) });
  }
  c.store.containers.update(r.name, ({ shareAtStart: _, ...old }) => old);
}
