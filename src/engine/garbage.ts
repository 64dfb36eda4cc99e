import { breather, type Objects } from "../host/object/index.ts";

/** What was taken away of the objects, in bytes on disk. */
export interface Garbage {
  objects: number;
  bytes: number;
}

/**
 * Takes away the objects that no tree holds any more. Safe beside everything: who would give one to a tree
 * at that moment finds it gone and makes it anew.
 */
export async function collectGarbage(objects: Objects, signal?: AbortSignal): Promise<Garbage> {
  const breathe = breather("removing what nobody uses", signal);
  const gone: Garbage = { objects: 0, bytes: 0 };
  for (const slice of objects.slices()) {
    for (const object of slice) {
      // Looked at again: a tree may have come to hold it since the slice was read.
      const now = objects.find(object.key, object.twin);
      if (now?.stat.nlink !== 1n) continue;
      objects.drop(now);
      gone.objects++;
      gone.bytes += Number(now.stat.blocks) * 512;
    }
    await breathe();
  }
  return gone;
}

/** Collects when layers went, once for many of them. */
export interface Collector {
  soon(): void;
  stop(): void;
}

/** Milliseconds without a further layer gone, until it is looked for objects that nobody holds: it is a walk over all of them. */
const LULL = 2_000;

/** Collects in the background; a fault of it is told to `failed`, and what it left is found by the next. */
export function keepCollecting(objects: Objects, failed: (error: unknown) => void): Collector {
  let timer: Timer | null = null;
  const ended = new AbortController();
  const stop = (): void => {
    if (timer) clearTimeout(timer);
  };
  return {
    soon() {
      stop();
      timer = setTimeout(() => void collectGarbage(objects, ended.signal).catch(failed), LULL);
      timer.unref();
    },
    stop() {
      stop();
      ended.abort();
    },
  };
}
