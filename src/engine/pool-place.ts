import type { Store } from "../store/index.ts";

/** In which pool's directory something is, by the records. */
export interface Places {
  /** Of a container's files; the state directory for one without a record. */
  of(uuid: string): string;
  /** Of a snapshot's files: its container's. */
  ofSnapshot(id: string): string;
  /** The one that a path is in. */
  holding(path: string): string;
}

/** Places of one instance; `state` is the default pool. */
export function createPlaces(
  store: Pick<Store, "containers" | "snapshots" | "pools">,
  state: string,
): Places {
  function of(uuid: string): string {
    // Most instances have no other pool, and then nobody's record need be found.
    const pools = store.pools.list();
    if (pools.length === 0) return state;
    const pool = store.containers.list().find((r) => r.uuid === uuid)?.pool;
    return pools.find(({ name }) => name === pool)?.path ?? state;
  }
  return {
    of,
    ofSnapshot: (id) => of(store.snapshots.get(id)?.container ?? ""),
    holding: (path) => store.pools.list().find((pool) => path.startsWith(`${pool.path}/`))?.path ?? state,
  };
}
