import { mkdirSync } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { type CloneMethod, cloneFiles, flush } from "../host/clone/index.ts";
import type { ContainerRecord, LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { levelRow } from "../spec/level-request.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { type Context, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { baseOf } from "./root.ts";
import { snapshotsOf } from "./snapshot-record.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Throws UNSUPPORTED for saved levels of a container or `NAME/SNAPSHOT` that containers in a pool can't have. */
export function requireLevels(c: Context, name: string, levels: LevelValues, pool: string): void {
  const lacks = new Map(c.levels.catalogue(pool).map(({ key, reason }) => [key, reason]));
  for (const [key, value] of Object.entries(levels)) {
    const reason = lacks.get(key);
    const row = levelRow(key);
    // What is no limit can be had everywhere.
    if (reason === undefined || value === null) continue;
    throw new WarrenError(
      "UNSUPPORTED",
      `${name} has ${key}=${row.codec.format(value)} saved, and a container in the pool "${pool}" can't: ${reason}`,
      name.includes("/")
        ? "delete that snapshot first, or choose another pool"
        : `set it to ${row.default} with --save first, or choose another pool`,
      { key, pool, reason },
    );
  }
}

/** What is on its way from one pool to another: where it is, and where it is to be. */
interface Moved {
  id: string;
  old: string;
  made: string;
}

/**
 * Brings a stopped container's files and snapshots to another pool. Its record says in one step where they are: until then
 * the old ones count, from then on the new ones, and what is left of the others goes, at the daemon's next start if need
 * be. Throws RUNNING, NO_POOL, IN_USE, REFUSED, UNSUPPORTED, FAILED when there is no room.
 */
export async function move(c: Context, name: string, pool: string, work: Work): Promise<void> {
  const r = record(c.store, name);
  const from = r.pool ?? DEFAULT_POOL;
  if (c.runtime.get(name)) throw new WarrenError("RUNNING", `${name} runs`, "stop it first");
  if (from === pool)
    throw new WarrenError("REFUSED", `${name} is in the pool "${pool}" already`, "choose another");
  for (const each of [from, pool]) await c.pools.open(each);
  requireLevels(c, name, r.levels, pool);
  requireUnread(c, r);
  const snapshots = snapshotsOf(c.store, r.uuid);
  for (const s of snapshots) requireLevels(c, `${name}/${s.name}`, s.of.levels, pool);
  const top = c.pools.pathOf(pool);
  const own: Moved = { id: r.uuid, old: c.paths.data(r.uuid), made: `${top}/containers/${r.uuid}` };
  const more: Moved[] = snapshots.map(({ id }) => ({
    id,
    old: c.paths.snapshot(id),
    made: `${top}/snapshots/${id}`,
  }));
  // Of an earlier way through the same pools something may be left that is still being deleted.
  for (const { id } of [own, ...more]) await emptyTrash(c, id);
  const dirOf = (name: string): string => `${c.pools.pathOf(name)}/containers`;
  work.undo("files", async () => {
    for (const { made } of [own, ...more]) await rm(made, { recursive: true, force: true });
    c.quotas.forget(dirOf(pool), baseOf(r));
  });
  work.progress("copying files");
  await cloneFiles(own.old, own.made, () => c.quotas.makeTree(own.made, baseOf(r)), work.signal);
  await copyFile(`${own.old}/console.log`, `${own.made}/console.log`).catch(() => undefined);
  const methods = await cloneSnapshots(c, more, top, work);
  work.progress("writing to disk");
  await flush(own.made, work.signal);
  // In the same tick as the switch: the pool may be on its way out, and an export may have begun.
  c.pools.require(pool);
  requireUnread(c, r);
  c.store.transaction(() => {
    c.store.containers.update(name, ({ pool: _, ...rest }) =>
      pool === DEFAULT_POOL ? rest : { ...rest, pool },
    );
    for (const [id, method] of methods) c.store.snapshots.update(id, (old) => ({ ...old, method }));
  });
  work.keep();
  for (const { id, old } of [own, ...more]) intoTrash(c, old, id);
  c.quotas.forget(dirOf(from), baseOf(r));
  c.events.emit({ type: "container-moved", container: name, details: { from, to: pool } });
  for (const { id } of [own, ...more]) void emptyTrash(c, id);
}

/** Makes the snapshots anew in the pool at `top`, and tells how by their ids. */
async function cloneSnapshots(
  c: Context,
  snapshots: readonly Moved[],
  top: string,
  work: Work,
): Promise<Map<string, CloneMethod>> {
  const methods = new Map<string, CloneMethod>();
  if (snapshots.length > 0) mkdirSync(`${top}/snapshots`, { recursive: true, mode: 0o700 });
  for (const { id, old, made } of snapshots) {
    work.progress("copying snapshots", methods.size, snapshots.length);
    methods.set(id, await cloneFiles(old, made, () => c.quotas.makeTree(made, 0), work.signal));
  }
  return methods;
}

/** Throws IN_USE while an export reads what would be on its way. */
function requireUnread(c: Context, { uuid, name }: ContainerRecord): void {
  if (!c.store.snapshots.list().some((s) => s.container === uuid && s.phase === "creating")) return;
  throw new WarrenError("IN_USE", `${name} is being exported`, "move it when that has ended");
}
