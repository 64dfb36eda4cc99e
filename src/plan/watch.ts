/** When what is seen of a container is worth an event; pure: the clock is the caller's. */

/** How long something has been the case, in ms of the caller's clock. */
export interface Lasting {
  since: number | null;
  told: boolean;
}

export const NOT_YET: Lasting = { since: null, told: false };

/**
 * Takes in that something was or wasn't the case from `from` to `to`; `tell` once when it has been for `patience` ms, and
 * not again before it ended.
 */
export function lasting(
  old: Lasting,
  holds: boolean,
  { from, to, patience }: { from: number; to: number; patience: number },
): { state: Lasting; tell: boolean } {
  if (!holds) return { state: NOT_YET, tell: false };
  const since = old.since ?? from;
  const tell = !old.told && to - since >= patience;
  return { state: { since, told: old.told || tell }, tell };
}

/** Below this part of the threshold a level isn't near its limit any more, so that one that swings tells once. */
const BACK = 0.9;

/** Whether a level is near its limit, given whether it was; a limit of nothing is never near. */
export function isNear(held: number, limit: number, threshold: number, was: boolean): boolean {
  return limit > 0 && held >= limit * threshold * (was ? BACK : 1);
}

/** Part of `tries` that failed between two readings; `null` when there were none. */
export function failShare(
  before: { fails: number; tries: number },
  now: { fails: number; tries: number },
): number | null {
  const tries = now.tries - before.tries;
  return tries <= 0 ? null : Math.min(1, Math.max(0, (now.fails - before.fails) / tries));
}

/** What may be told now of things that happen often: at most one event in `window` ms for each of them, with a count. */
export interface Rations<T> {
  /** Adds `count`; the sum that may be told now, or `null` while it must wait. */
  add(id: string, what: T, count: number, now: number): { what: T; count: number } | null;
  /** What waited long enough. */
  due(now: number): { what: T; count: number }[];
}

export function rations<T>(window: number): Rations<T> {
  const last = new Map<string, number>();
  const waiting = new Map<string, { what: T; count: number }>();
  const free = (id: string, now: number): boolean =>
    now - (last.get(id) ?? Number.NEGATIVE_INFINITY) >= window;
  return {
    add(id, what, count, now) {
      const sum = { what, count: (waiting.get(id)?.count ?? 0) + count };
      if (!free(id, now)) {
        waiting.set(id, sum);
        return null;
      }
      waiting.delete(id);
      last.set(id, now);
      return sum;
    },
    due(now) {
      const ready = [...waiting].filter(([id]) => free(id, now));
      for (const [id] of ready) {
        waiting.delete(id);
        last.set(id, now);
      }
      // What was told long ago may be told at once again, so nobody need remember it.
      for (const [id, at] of last) if (now - at >= window && !waiting.has(id)) last.delete(id);
      return ready.map(([, each]) => each);
    },
  };
}
