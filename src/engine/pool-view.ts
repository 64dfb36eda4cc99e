import { roomOf, sharesBlocks } from "../host/pool/index.ts";
import { type FileSystemQuotas, openQuotas } from "../host/quota/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import { printable } from "../spec/name.ts";
import { DEFAULT_POOL, type Pool, type PoolInfo, type PoolRecord } from "../spec/pool.ts";
import type { Store } from "../store/index.ts";
import type { Paths } from "./paths.ts";
import { lackOf } from "./pool-make.ts";
import { poolUse } from "./pool-use.ts";

/** What pools are and have, by records and file systems. */
export interface PoolView {
  /** The default pool and those that are ready, by name. */
  names(): string[];
  /** The record of a pool, `null` for the default one. Throws NO_POOL. */
  record(name: string): PoolRecord | null;
  /** Throws NO_POOL, and REFUSED when its files aren't there. */
  require(name: string): void;
  shown(name: string): Promise<Pool>;
  info(name: string): Promise<PoolInfo>;
  /** Containers in a pool. */
  containers(name: string): ContainerRecord[];
  /** Where new containers are made. */
  preset(): string;
  setPreset(name: string): void;
  /** The quotas of the pool that holds a path. */
  quotasAt(path: string): FileSystemQuotas;
  /** Forgets what is known of the file system of a pool that goes. */
  forget(path: string): void;
}

const PRESET = "pool.default";

export function createPoolView(deps: {
  store: Pick<Store, "pools" | "containers" | "settings">;
  instance: Instance;
  paths: Pick<Paths, "data" | "holding">;
}): PoolView {
  const { store, instance, paths } = deps;
  /** By the pool's directory; what a file system can do stays so while it is mounted. */
  const opened = new Map<string, { quotas: FileSystemQuotas; cheap: boolean }>();

  function open(path: string) {
    const found = opened.get(path) ?? {
      quotas: openQuotas(`${path}/containers`),
      cheap: sharesBlocks(`${path}/trash`),
    };
    opened.set(path, found);
    return found;
  }
  const containers = (name: string) =>
    store.containers.list().filter((r) => (r.pool ?? DEFAULT_POOL) === name);
  const preset = (): string => store.settings.get(PRESET) ?? DEFAULT_POOL;

  function record(name: string): PoolRecord | null {
    if (name === DEFAULT_POOL) return null;
    const found = store.pools.get(name);
    if (found?.phase === "ready") return found;
    const text = printable(name);
    throw new WarrenError("NO_POOL", `there is no pool "${text}"`, "see `warren pool list`", { name: text });
  }

  async function shown(name: string): Promise<Pool> {
    const r = record(name);
    const path = r?.path ?? instance.state;
    const missing = r && lackOf(r);
    const it = missing === null ? open(path) : null;
    const can = (which: "space" | "inodes"): boolean =>
      it?.quotas.missing(`${path}/containers`, which) === null;
    return {
      name,
      kind: r?.kind ?? "state",
      type: it?.quotas.type ?? "",
      path,
      source: r?.source ?? null,
      missing,
      isDefault: preset() === name,
      capabilities: {
        spaceQuota: can("space"),
        inodeQuota: can("inodes"),
        // Project quota is what statfs(2) tells of a tree; quota groups of btrfs are not.
        dfShowsQuota: can("inodes"),
        cheapSnapshot: it?.cheap ?? false,
      },
      room: it ? await roomOf(`${path}/containers`) : null,
      containers: containers(name).length,
      created: r?.created ?? null,
    };
  }

  return {
    record,
    shown,
    containers,
    preset,
    names: () => [
      DEFAULT_POOL,
      ...store.pools
        .list()
        .flatMap(({ name, phase }) => (phase === "ready" ? [name] : []))
        .sort(),
    ],
    require(name) {
      const r = record(name);
      const lack = r && lackOf(r);
      if (r && lack !== null)
        throw new WarrenError(
          "REFUSED",
          `the pool "${name}" is not there: ${lack}`,
          `bring ${r.source ?? r.path} back`,
          { pool: name },
        );
    },
    async info(name) {
      const pool = await shown(name);
      const inIt = containers(name);
      const limits = inIt.map(({ levels }) => levels["disk.space"] ?? null);
      const known = limits.filter((each) => typeof each === "number");
      return {
        ...pool,
        use: pool.missing === null ? await poolUse(inIt, paths.data, open(pool.path).quotas) : [],
        promised: known.reduce((sum, each) => sum + each, 0),
        unlimited: limits.length - known.length,
      };
    },
    setPreset: (name) => store.settings.set(PRESET, name),
    quotasAt: (path) => open(paths.holding(path)).quotas,
    forget: (path) => void opened.delete(path),
  };
}
