import { type Claims, SLOTS_PER_BLOCK } from "../host/claim/index.ts";
import type { Store } from "../store/index.ts";

/** Gives out slots: the number that makes a container's id range and link name unique on the host. */
export interface Slots {
  /** A slot no container has. The caller inserts a record with it before anything else runs. */
  free(): number;
}

export function createSlots(deps: { store: Store; claims: Claims; owner: string; blocks: number[] }): Slots {
  const { store, claims, owner, blocks } = deps;
  return {
    free() {
      const taken = new Set(store.containers.list().map((c) => c.slot));
      for (const block of blocks)
        for (let slot = block * SLOTS_PER_BLOCK; slot < (block + 1) * SLOTS_PER_BLOCK; slot++)
          if (!taken.has(slot)) return slot;
      const block = claims.oneMore(owner);
      blocks.push(block);
      store.settings.set("blocks", JSON.stringify(blocks));
      return block * SLOTS_PER_BLOCK;
    },
  };
}
