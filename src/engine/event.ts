import type { WarrenEvent } from "../spec/event.ts";
import type { Store } from "../store/index.ts";

export type NewEvent = Omit<WarrenEvent, "seq" | "time">;

/** The one publisher: what is emitted is stored first, then told to those who follow. */
export interface Events {
  emit(event: NewEvent): WarrenEvent;
  /** Stored events after `since`, then, with `follow`, new ones until `signal`; none is missed between the two. */
  stream(o: { since: number; follow: boolean; signal: AbortSignal }): AsyncIterable<WarrenEvent>;
  last(): number;
}

const PAGE = 500;

export function createEvents(store: Store): Events {
  const waiting = new Set<() => void>();
  return {
    last: () => store.events.last(),
    emit(event) {
      const stored = store.events.append(event);
      for (const wake of [...waiting]) wake();
      return stored;
    },
    // Followers read from the store, not from a buffer: a slow one costs no memory and misses nothing.
    async *stream({ since, follow, signal }) {
      let cursor = since;
      while (!signal.aborted) {
        const page = store.events.since(cursor, PAGE);
        for (const event of page) {
          if (signal.aborted) return;
          yield event;
          cursor = event.seq;
        }
        if (page.length === PAGE) continue;
        if (!follow) return;
        await new Promise<void>((resolve) => {
          const wake = () => {
            waiting.delete(wake);
            signal.removeEventListener("abort", wake);
            resolve();
          };
          waiting.add(wake);
          signal.addEventListener("abort", wake, { once: true });
          if (signal.aborted || store.events.last() > cursor) wake();
        });
      }
    },
  };
}
