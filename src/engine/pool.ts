/**
 * Pools: the directories and file systems that containers' own files are in.
 *
 * What must hold: a record is there before anything is made and goes after everything is gone; a pool that a container
 * is in stays; nothing is written where a pool should be and is not.
 */
import { existsSync } from "node:fs";
import { released, unmountVolume } from "../host/pool/index.ts";
import type { Quotas } from "../host/quota/index.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { Instance } from "../spec/instance.ts";
import type { Log } from "../spec/log.ts";
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
import type { Operations, Submission } from "./operation.ts";
import type { Paths } from "./paths.ts";
import { growPool } from "./pool-grow.ts";
import { freshPool, lackOf, makePool, mountPool, unmakePool } from "./pool-make.ts";
import { createPoolView } from "./pool-view.ts";

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

/** Milliseconds that a device may be held by what is still being deleted of the last containers. */
const PATIENCE = 10_000;

export function createPools(deps: {
  store: Store;
  instance: Instance;
  paths: Pick<Paths, "data" | "holding">;
  operations: Operations;
  events: Events;
  log: Log;
}): Pools {
  const { store, instance, operations, events, log } = deps;
  const { pools } = store;
  const view = createPoolView(deps);

  const submit = (verb: string, name: string, run: Submission["run"]): OperationRecord =>
    operations.submit({ kind: `pool.${verb}`, targets: [name], locks: [`pool:${name}`], run });
  function fresh(request: PoolRequest): PoolRecord {
    const { name } = request;
    poolName(name);
    if (name === DEFAULT_POOL || pools.get(name))
      throw new WarrenError("EXISTS", `pool "${name}" exists already`, "choose another name");
    return freshPool(request, instance.state, pools.list());
  }
  /** A pool that nothing keeps from going. Throws NO_POOL, REFUSED, IN_USE. */
  function removable(name: string): PoolRecord {
    const r = view.record(name);
    if (!r) throw new WarrenError("REFUSED", "the default pool is the state directory and stays", "");
    const users = view.containers(name).map((each) => each.name);
    const more = users.length > 5 ? ` and ${users.length - 5} more` : "";
    if (users.length > 0)
      throw new WarrenError(
        "IN_USE",
        `${users.slice(0, 5).join(", ")}${more} ${users.length === 1 ? "is" : "are"} in the pool "${name}"`,
        "delete or move them first",
        { containers: users },
      );
    if (view.preset() === name)
      throw new WarrenError(
        "IN_USE",
        `new containers are made in the pool "${name}"`,
        `make them elsewhere first: warren pool set-default ${DEFAULT_POOL}`,
      );
    return r;
  }
  async function unmake(r: PoolRecord): Promise<void> {
    view.forget(r.path);
    await unmakePool(r);
    pools.delete(r.name);
  }
  const at = (path: string): Quotas => view.quotasAt(path);

  return {
    list: () => Promise.all(view.names().map(view.shown)),
    info: view.info,
    create(request) {
      fresh(request);
      return submit("create", request.name, async (work) => {
        const r = fresh(request);
        pools.insert(r.name, r);
        work.undo("pool", () => unmake(r));
        const made = await makePool(r, request, work);
        pools.update(r.name, (old) => ({ ...old, ...made, phase: "ready" }));
        events.emit({ type: "pool-created", details: { pool: r.name, kind: r.kind, format: made.format } });
        return view.shown(r.name);
      });
    },
    delete(name) {
      removable(name);
      return submit("delete", name, async () => {
        const r = removable(name);
        pools.update(name, (old) => ({ ...old, phase: "deleting" }));
        await unmake(r);
        // Whoever is told that it is gone wants the device for something else.
        if (r.kind === "device" && r.source) await released(r.source, PATIENCE);
        events.emit({ type: "pool-deleted", details: { pool: name } });
        return null;
      });
    },
    grow(name, size) {
      view.record(name);
      return submit("grow", name, async () => {
        view.require(name);
        await growPool(view.record(name), size);
        const pool = await view.shown(name);
        events.emit({ type: "pool-grown", details: { pool: name, size: pool.room?.size } });
        return pool;
      });
    },
    setDefault(name) {
      view.record(name);
      view.setPreset(name);
    },
    choose(name = view.preset()) {
      view.record(name);
      return name;
    },
    require: view.require,
    async open(name) {
      const r = view.record(name);
      if (r && lackOf(r) !== null) await mountPool(r).catch(() => undefined);
      view.require(name);
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
          if (r.phase === "ready") await mountPool(r);
          else await unmake(r);
        } catch (error) {
          const { message } = asWarrenError(error);
          log("error", "a pool could not be put in order", { pool: r.name, error: message });
        }
      }
    },
    close() {
      for (const r of pools.list()) if (r.kind !== "directory") unmountVolume(r.path);
    },
  };
}
