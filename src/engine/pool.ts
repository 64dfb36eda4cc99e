/**
 * Pools: the directories and file systems that containers' own files are in.
 *
 * What must hold: a record is there before anything is made and goes after everything is gone; a pool that a container
 * is in stays; nothing is written where a pool should be and is not.
 */
import { existsSync } from "node:fs";
import { roomOf, sharesBlocks, unmountVolume } from "../host/pool/index.ts";
import { type FileSystemQuotas, openQuotas, type Quotas } from "../host/quota/index.ts";
import { kindOf } from "../plan/pool.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import type { Log } from "../spec/log.ts";
import { printable } from "../spec/name.ts";
import type { OperationRecord } from "../spec/operation.ts";
import {
  DEFAULT_POOL,
  type Pool,
  type PoolInfo,
  type PoolRecord,
  type PoolRequest,
  poolName,
} from "../spec/pool.ts";
import type { Store } from "../store/index.ts";
import type { Events } from "./event.ts";
import type { Operations } from "./operation.ts";
import type { Paths } from "./paths.ts";
import { growPool } from "./pool-grow.ts";
import { lackOf, makePool, mountPool, requireApart, unmakePool } from "./pool-make.ts";
import { poolUse } from "./pool-use.ts";

export interface Pools {
  list(): Promise<Pool[]>;
  /** Throws NO_POOL. */
  info(name: string): Promise<PoolInfo>;
  /** Throws BAD_NAME, BAD_VALUE, USAGE, EXISTS, REFUSED; its result is a `Pool`. */
  create(request: PoolRequest): OperationRecord;
  /** Throws NO_POOL, IN_USE, REFUSED. */
  delete(name: string): OperationRecord;
  /** Makes it as large as `size`, or as its device. Throws NO_POOL, REFUSED, BAD_VALUE; its result is a `Pool`. */
  grow(name: string, size?: number): OperationRecord;
  /** New containers are made in it unless something else is said. Throws NO_POOL. */
  setDefault(name: string): void;
  /** The pool for a new container; `name` is the one that was asked for. Throws NO_POOL. */
  choose(name?: string): string;
  /** Throws NO_POOL, and REFUSED when its files aren't there. */
  require(name: string): void;
  /** The same, after an attempt to mount it. */
  open(name: string): Promise<void>;
  /** Directory of a pool, the default one's unless told. */
  pathOf(name?: string): string;
  /** Pools whose files are there, the default one first. */
  places(): { name: string; path: string }[];
  /** How much trees may take, in whichever pool a path is. */
  quotas: Quotas;
  /** At start, before anything looks at containers: mounts all, and ends what an earlier daemon left half done. */
  recover(): Promise<void>;
  /** Lets go of what is mounted; to be called when no container runs. */
  close(): void;
}

const DEFAULT_SETTING = "pool.default";
const lockOf = (name: string): string => `pool:${name}`;

export function createPools(deps: {
  store: Store;
  instance: Instance;
  paths: Pick<Paths, "data" | "holding">;
  operations: Operations;
  events: Events;
  log: Log;
}): Pools {
  const { store, instance, paths, operations, events, log } = deps;
  const { pools, settings } = store;
  /** By the pool's directory; a file system's abilities stay while it is mounted. */
  const opened = new Map<string, { quotas: FileSystemQuotas; cheap: boolean }>();

  function openAt(path: string) {
    const found = opened.get(path) ?? {
      quotas: openQuotas(`${path}/containers`),
      cheap: sharesBlocks(`${path}/trash`),
    };
    opened.set(path, found);
    return found;
  }
  const at = (path: string): Quotas => openAt(paths.holding(path)).quotas;
  const ours = (name: string) => store.containers.list().filter((r) => (r.pool ?? DEFAULT_POOL) === name);

  function recordOf(name: string): PoolRecord | null {
    if (name === DEFAULT_POOL) return null;
    const found = pools.get(name);
    if (found?.phase === "ready") return found;
    const text = printable(name);
    throw new WarrenError("NO_POOL", `there is no pool "${text}"`, "see `warren pool list`", { name: text });
  }
  function required(name: string): void {
    const r = recordOf(name);
    const lack = r && lackOf(r);
    if (r && lack !== null)
      throw new WarrenError(
        "REFUSED",
        `the pool "${name}" is not there: ${lack}`,
        `bring ${r.source ?? r.path} back`,
        { pool: name },
      );
  }
  const preset = (): string => settings.get(DEFAULT_SETTING) ?? DEFAULT_POOL;

  async function shown(name: string): Promise<Pool> {
    const r = recordOf(name);
    const path = r?.path ?? instance.state;
    const missing = r && lackOf(r);
    const open = missing === null ? openAt(path) : null;
    const can = (which: "space" | "inodes"): boolean =>
      open?.quotas.missing(`${path}/containers`, which) === null;
    return {
      name,
      kind: r?.kind ?? "state",
      type: open?.quotas.type ?? "",
      path,
      source: r?.source ?? null,
      missing,
      isDefault: preset() === name,
      capabilities: {
        spaceQuota: can("space"),
        inodeQuota: can("inodes"),
        // Project quota is what statfs(2) tells of a tree; quota groups of btrfs are not.
        dfShowsQuota: can("inodes"),
        cheapSnapshot: open?.cheap ?? false,
      },
      room: open ? await roomOf(`${path}/containers`) : null,
      containers: ours(name).length,
      created: r?.created ?? null,
    };
  }
  const names = (): string[] => [
    DEFAULT_POOL,
    ...pools
      .list()
      .flatMap(({ name, phase }) => (phase === "ready" ? [name] : []))
      .sort(),
  ];

  /** Throws IN_USE. */
  function requireUnused(name: string): void {
    const users = ours(name).map((r) => r.name);
    const more = users.length > 5 ? ` and ${users.length - 5} more` : "";
    if (users.length > 0)
      throw new WarrenError(
        "IN_USE",
        `${users.slice(0, 5).join(", ")}${more} ${users.length === 1 ? "is" : "are"} in the pool "${name}"`,
        "delete or move them first",
        { containers: users },
      );
    if (preset() === name)
      throw new WarrenError(
        "IN_USE",
        `new containers are made in the pool "${name}"`,
        `make them elsewhere first: warren pool set-default ${DEFAULT_POOL}`,
      );
  }
  function removable(name: string): PoolRecord {
    const r = recordOf(name);
    if (!r) throw new WarrenError("REFUSED", "the default pool is the state directory and stays", "");
    requireUnused(name);
    return r;
  }
  async function unmake(r: PoolRecord): Promise<void> {
    opened.delete(r.path);
    await unmakePool(r);
    pools.delete(r.name);
  }
  function vacant(name: string): void {
    poolName(name);
    if (name !== DEFAULT_POOL && !pools.get(name)) return;
    throw new WarrenError("EXISTS", `pool "${name}" exists already`, "choose another name");
  }
  function fresh(request: PoolRequest): PoolRecord {
    const { name, path, device, preallocate = false } = request;
    const kind = kindOf(request);
    const own = `${instance.state}/pools/${name}`;
    const absolute = (given: string): string => {
      if (given.startsWith("/")) return given.replace(/\/+$/, "") || "/";
      throw new WarrenError("BAD_VALUE", `${printable(given)} is no absolute path`, "begin it with /");
    };
    const directory = kind === "directory" ? absolute(path ?? "") : own;
    const others = [{ name: DEFAULT_POOL, path: instance.state }, ...pools.list()];
    if (kind === "directory") requireApart(directory, others);
    return {
      name,
      kind,
      id: crypto.randomUUID(),
      format: null,
      path: directory,
      source: kind === "loop" ? `${own}.img` : kind === "device" ? absolute(device ?? "") : null,
      preallocated: preallocate,
      phase: "creating",
      created: new Date().toISOString(),
      version: 1,
    };
  }

  return {
    list: () => Promise.all(names().map(shown)),
    async info(name) {
      const pool = await shown(name);
      const containers = ours(name);
      const limits = containers.map(({ levels }) => levels["disk.space"] ?? null);
      const known = limits.filter((each) => typeof each === "number");
      return {
        ...pool,
        use: pool.missing === null ? await poolUse(containers, paths.data, openAt(pool.path).quotas) : [],
        promised: known.reduce((sum, each) => sum + each, 0),
        unlimited: limits.length - known.length,
      };
    },
    create(request) {
      vacant(request.name);
      fresh(request);
      return operations.submit({
        kind: "pool.create",
        targets: [request.name],
        locks: [lockOf(request.name)],
        async run(work) {
          vacant(request.name);
          const r = fresh(request);
          pools.insert(r.name, r);
          work.undo("pool", () => unmake(r));
          const made = await makePool(r, request, work);
          pools.update(r.name, (old) => ({ ...old, ...made, phase: "ready" }));
          events.emit({ type: "pool-created", details: { pool: r.name, kind: r.kind, format: made.format } });
          return shown(r.name);
        },
      });
    },
    delete(name) {
      removable(name);
      return operations.submit({
        kind: "pool.delete",
        targets: [name],
        locks: [lockOf(name)],
        async run() {
          const r = removable(name);
          pools.update(name, (old) => ({ ...old, phase: "deleting" }));
          await unmake(r);
          events.emit({ type: "pool-deleted", details: { pool: name } });
          return null;
        },
      });
    },
    grow(name, size) {
      recordOf(name);
      return operations.submit({
        kind: "pool.grow",
        targets: [name],
        locks: [lockOf(name)],
        async run() {
          const r = recordOf(name);
          if (r) required(name);
          await growPool(r, size);
          const pool = await shown(name);
          events.emit({ type: "pool-grown", details: { pool: name, size: pool.room?.size } });
          return pool;
        },
      });
    },
    setDefault(name) {
      recordOf(name);
      settings.set(DEFAULT_SETTING, name);
    },
    choose(name = preset()) {
      recordOf(name);
      return name;
    },
    require: required,
    async open(name) {
      const r = recordOf(name);
      if (r && lackOf(r) !== null) await mountPool(r).catch(() => undefined);
      required(name);
    },
    pathOf: (name = DEFAULT_POOL) => pools.get(name)?.path ?? instance.state,
    places: () => [
      { name: DEFAULT_POOL, path: instance.state },
      ...pools.list().filter((r) => r.phase === "ready" && lackOf(r) === null),
    ],
    quotas: {
      missing: (dir, which) => at(`${dir}/`).missing(dir, which),
      makeTree: (path, project) => at(path).makeTree(path, project),
      adopt: (path, project) => at(path).adopt(path, project),
      read: (path, project) => at(path).read(path, project),
      limit: (path, project, which, most) => at(path).limit(path, project, which, most),
      forget: (dir, project) => (existsSync(dir) ? at(`${dir}/`).forget(dir, project) : undefined),
    },
    async recover() {
      for (const r of pools.list()) {
        try {
          if (r.phase !== "ready") await unmake(r);
          else await mountPool(r);
        } catch (error) {
          log("error", "a pool could not be put in order", {
            pool: r.name,
            error: asWarrenError(error).message,
          });
        }
      }
    },
    close() {
      for (const r of pools.list()) if (r.kind !== "directory") unmountVolume(r.path);
      opened.clear();
    },
  };
}
