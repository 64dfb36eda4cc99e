import { rations } from "../plan/watch.ts";
import type { EventType } from "../spec/event.ts";
import type { Events, NewEvent } from "./event.ts";

/** What a watched container gave cause for. */
export interface Happening {
  type: EventType;
  container: string;
  /** Which of several of one type: a level's key, a resource; empty where there is one. */
  about: string;
  details: Record<string, unknown>;
}

/** Turns what happens often into few events: of each kind one in `repeat` seconds, with a count of the others. */
export interface Teller {
  /** Tells now, or later together with what comes until then; then the newest details are told. */
  count(happening: Happening, count: number): void;
  /** Tells now, or not at all when the same was told a moment ago. */
  once(happening: Happening): void;
  /** Tells what waited long enough. */
  flush(): void;
}

export function createTeller(
  events: Pick<Events, "emit">,
  repeat: number,
  clock = () => performance.now(),
): Teller {
  const counted = rations<Happening>(repeat * 1000);
  const told = new Map<string, number>();
  const idOf = ({ type, container, about }: Happening): string => `${type} ${container} ${about}`;
  const eventOf = ({ type, container, details }: Happening): NewEvent => ({ type, container, details });
  const emit = (ready: { what: Happening; count: number }): void => {
    const event = eventOf(ready.what);
    events.emit({ ...event, details: { ...event.details, count: ready.count } });
  };
  return {
    count(happening, count) {
      const ready = counted.add(idOf(happening), happening, count, clock());
      if (ready) emit(ready);
    },
    once(happening) {
      const [id, now] = [idOf(happening), clock()];
      if (now - (told.get(id) ?? Number.NEGATIVE_INFINITY) < repeat * 1000) return;
      told.set(id, now);
      events.emit(eventOf(happening));
    },
    flush() {
      for (const ready of counted.due(clock())) emit(ready);
      for (const [id, at] of told) if (clock() - at >= repeat * 1000) told.delete(id);
    },
  };
}
