import type { LevelValues } from "../spec/container.ts";
import type { Store } from "../store/index.ts";

/** Levels that were set live and not saved: kept beside the records, since the daemon may end before the container. */
export interface LiveLevels {
  /** What was set live in this run of a container; `run` tells one run from the next. */
  get(uuid: string, run: string): LevelValues;
  /** The same for many: what is kept is read once. */
  all(): LiveLevels["get"];
  /** What was set live in the last run that had such, whichever it is. */
  last(uuid: string): LevelValues;
  set(uuid: string, run: string, values: LevelValues): void;
  /** A new run begins: what wasn't saved is lost. */
  forget(uuid: string): void;
}

const SETTING = "levels.live";
type Kept = Record<string, { run: string; values: LevelValues }>;

export function liveLevels(store: Pick<Store, "containers" | "settings">): LiveLevels {
  const read = (): Kept => JSON.parse(store.settings.get(SETTING) ?? "{}") as Kept;
  /** Entries of containers that are gone leave with the next write. */
  function write(kept: Kept): void {
    const alive = new Set(store.containers.list().map(({ uuid }) => uuid));
    const entries = Object.entries(kept).filter(
      ([uuid, { values }]) => alive.has(uuid) && Object.keys(values).length,
    );
    store.settings.set(SETTING, JSON.stringify(Object.fromEntries(entries)));
  }
  return {
    get(uuid, run) {
      const kept = read()[uuid];
      return kept?.run === run ? kept.values : {};
    },
    all() {
      const kept = read();
      return (uuid, run) => (kept[uuid]?.run === run ? kept[uuid].values : {});
    },
    last: (uuid) => read()[uuid]?.values ?? {},
    set(uuid, run, values) {
      const kept = read();
      if (kept[uuid] || Object.keys(values).length > 0) write({ ...kept, [uuid]: { run, values } });
    },
    forget(uuid) {
      const { [uuid]: gone, ...rest } = read();
      if (gone) write(rest);
    },
  };
}
