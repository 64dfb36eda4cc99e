import type { Quotas } from "../host/quota/index.ts";
import type { LevelDoor, LevelTarget } from "./level-door.ts";
import type { Paths } from "./paths.ts";
import type { Pools } from "./pool.ts";

const WHICH = { space: "space", inodes: "inodes" } as const;
const isWhich = (file: string): file is keyof typeof WHICH => file in WHICH;

/** How much of the disk a container may take: `space`, `inodes`, and what it holds of each (`space.held`). */
export function openQuota(
  paths: Pick<Paths, "data">,
  quotas: Quotas,
  pools: Pick<Pools, "places">,
): LevelDoor {
  const most = (text: string | undefined): number | null =>
    text === undefined || text === "max" ? null : Number(text);
  function set({ uuid, base }: LevelTarget, file: string, text: string | undefined): void {
    // The container's first host id is its project: unique on this host, and far from numbers that people give.
    if (isWhich(file)) quotas.limit(paths.data(uuid), base, file, most(text));
  }
  /** What each pool lacks for one of the two. */
  const lacksOf = (file: string) =>
    pools.places().map(({ name, path }) => ({
      name,
      why: quotas.missing(`${path}/containers`, file === "inodes" ? "inodes" : "space"),
    }));
  return {
    lasting: true,
    missing(file, pool) {
      const lacks = lacksOf(file).filter(({ name }) => pool === undefined || name === pool);
      if (lacks.some(({ why }) => why === null)) return null;
      return lacks[0]?.why ?? `the pool "${pool}" is not there`;
    },
    depends(file) {
      const lacks = lacksOf(file);
      if (lacks.every(({ why }) => why === null) || lacks.every(({ why }) => why !== null)) return null;
      return lacks
        .flatMap(({ name, why }) => (why === null ? [] : [`not in pool ${name}: ${why}`]))
        .join("; ");
    },
    read({ uuid, base }, file) {
      const quota = quotas.read(paths.data(uuid), base);
      if (quota === null) return null;
      if (isWhich(file)) return String(quota[file] ?? "max");
      return String(file === "space.held" ? quota.heldSpace : quota.heldInodes);
    },
    async write(target, file, text) {
      set(target, file, text);
    },
    prepare(target, values) {
      const at = paths.data(target.uuid);
      if (quotas.missing(at) !== null) return;
      quotas.adopt(at, target.base);
      for (const file of ["space", "inodes"] as const)
        if (quotas.missing(at, file) === null) set(target, file, values[file]);
    },
  };
}
