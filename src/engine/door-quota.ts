import type { Quotas } from "../host/quota/index.ts";
import type { LevelDoor, LevelTarget } from "./level-door.ts";
import type { Paths } from "./paths.ts";

const WHICH = { space: "space", inodes: "inodes" } as const;
const isWhich = (file: string): file is keyof typeof WHICH => file in WHICH;

/** How much of the disk a container may take: `space`, `inodes`, and what it holds of each (`space.held`). */
export function openQuota(paths: Pick<Paths, "containers" | "data">, quotas: Quotas): LevelDoor {
  const most = (text: string | undefined): number | null =>
    text === undefined || text === "max" ? null : Number(text);
  function set({ uuid, base }: LevelTarget, file: string, text: string | undefined): void {
    // The container's first host id is its project: unique on this host, and far from numbers that people give.
    if (isWhich(file)) quotas.limit(paths.data(uuid), base, file, most(text));
  }
  return {
    lasting: true,
    missing(file) {
      const why = quotas.missing(paths.containers);
      if (why !== null || file === "space" || quotas.inodes) return why;
      return `${paths.containers} is on a file system that counts bytes and no files`;
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
      if (quotas.missing(paths.containers) !== null) return;
      quotas.adopt(paths.data(target.uuid), target.base);
      for (const file of quotas.inodes ? ["space", "inodes"] : ["space"]) set(target, file, values[file]);
    },
  };
}
