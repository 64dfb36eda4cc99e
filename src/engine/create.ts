import { mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { hashPassword } from "../host/password/index.ts";
import type { ContainerRecord, CreateRequest } from "../spec/container.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import type { SkippedLevel } from "../spec/profile.ts";
import type { Context } from "./context.ts";
import type { Work } from "./operation.ts";
import { baseOf } from "./root.ts";
import { wishes } from "./seed.ts";
import { emptyTrash } from "./trash.ts";

/**
 * Looks up what the request's profiles ask for in its pool, and whether the host can keep what is guaranteed. Throws
 * NO_PROFILE, NO_POOL, NO_LEVEL, BAD_VALUE, UNSUPPORTED, REFUSED.
 */
export function resolveRequest(
  c: Context,
  request: CreateRequest,
): { resolved: CreateRequest; skipped: SkippedLevel[] } {
  const { profiles = [], skipUnsupported = false, overcommit = false } = request;
  const pool = c.pools.choose(request.pool);
  const { levels, priority, skipped } = c.profiles.resolve(profiles, request.levels, skipUnsupported, pool);
  // Only asked here, so that nothing is made in vain: its start reserves.
  c.admission.admit(request.name, c.levels.parseRequest(levels, pool), { overcommit })[Symbol.dispose]();
  return { resolved: { ...request, levels, pool, priority: request.priority ?? priority ?? 0 }, skipped };
}

/** Makes the record and the directory of a new container; undone when the work fails later. Throws EXISTS, NO_IMAGE. */
export async function create(c: Context, request: CreateRequest, work: Work): Promise<ContainerRecord> {
  const pool = c.pools.choose(request.pool);
  await c.pools.open(pool);
  const levels = c.levels.parseRequest(request.levels, pool);
  const passwordHash = request.password === undefined ? undefined : await hashPassword(request.password);
  const image = await c.images.ensure(request.image, work);
  const made = insert(c, {
    name: request.name,
    image: image.digest,
    imageAlias: image.aliases.includes(request.image)
      ? request.image
      : (image.aliases[0] ?? image.digest.slice(7, 19)),
    init: image.init,
    levels,
    priority: request.priority ?? 0,
    profiles: [...new Set(request.profiles)],
    overcommit: request.overcommit ?? false,
    pool,
    ...wishes(request, image, c.images.rootfs(image.digest), passwordHash),
  });
  work.undo("container", () => discard(c, made));
  makeDirectories(c, made);
  ready(c, made.name);
  c.events.emit({ type: "container-created", container: made.name, details: { image: made.imageAlias } });
  return made;
}

/**
 * Reserves name, slot and addresses in one go, and keeps its pool from being deleted; the record says `creating` until
 * its files are there. Throws EXISTS, NO_POOL, REFUSED.
 */
export function insert(
  c: Context,
  of: Pick<
    ContainerRecord,
    | "name"
    | "image"
    | "imageAlias"
    | "init"
    | "levels"
    | "priority"
    | "profiles"
    | "overcommit"
    | "app"
    | "seed"
    | "pool"
  >,
): ContainerRecord {
  const { pool = DEFAULT_POOL, ...rest } = of;
  c.pools.require(pool);
  return c.store.transaction(() => {
    const made: ContainerRecord = {
      ...rest,
      ...(pool === DEFAULT_POOL ? {} : { pool }),
      uuid: crypto.randomUUID(),
      slot: c.slots.free(),
      addresses: c.network.allocate(),
      wanted: "stopped",
      phase: "creating",
      identity: "pending",
      failure: null,
      started: false,
      created: new Date().toISOString(),
      version: 1,
    };
    c.store.containers.insert(made.name, made);
    return made;
  });
}

export function makeDirectories(c: Context, r: ContainerRecord): void {
  const data = c.paths.data(r.uuid);
  // 0700: below are files with the guest's set-uid bits and root's ids; only overlay, which we mount, goes in there.
  c.quotas.makeTree(data, baseOf(r));
  mkdirSync(`${data}/upper`, { mode: 0o755 });
  mkdirSync(`${data}/work`, { mode: 0o700 });
}

export function ready(c: Context, name: string): void {
  c.store.containers.update(name, (old) => ({ ...old, phase: "ready" }));
}

/** Takes away what `insert` and `makeDirectories` made. */
export function discard(c: Context, made: ContainerRecord): void {
  rmSync(c.paths.data(made.uuid), { recursive: true, force: true });
  c.lowers.remove(made.uuid);
  void emptyTrash(c, made.uuid);
  c.quotas.forget(dirname(c.paths.data(made.uuid)), baseOf(made));
  c.store.containers.delete(made.name);
}
