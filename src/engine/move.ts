import { copyFile, rm } from "node:fs/promises";
import { cloneFiles, flush } from "../host/clone/index.ts";
import type { LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { levelRow } from "../spec/level-request.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { type Context, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { baseOf } from "./root.ts";
import { snapshotsOf } from "./snapshot-record.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Throws UNSUPPORTED for saved levels that containers in a pool can't have. */
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
      `set it to ${row.default} with --save first, or choose another pool`,
      { key, pool, reason },
    );
  }
}

/**
 * Brings a stopped container's files to another pool. Its record says in one step where they are: until then the old
 * ones count, from then on the new ones, and what is left of the others goes, at the daemon's next start if need be.
 * Throws RUNNING, NO_POOL, REFUSED, UNSUPPORTED, FAILED when there is no room.
 */
export async function move(c: Context, name: string, pool: string, work: Work): Promise<void> {
  const r = record(c.store, name);
  const from = r.pool ?? DEFAULT_POOL;
  if (c.runtime.get(name)) throw new WarrenError("RUNNING", `${name} runs`, "stop it first");
  if (from === pool)
    throw new WarrenError("REFUSED", `${name} is in the pool "${pool}" already`, "choose another");
  if (snapshotsOf(c.store, r.uuid).length > 0)
    throw new WarrenError(
      "REFUSED",
      `${name} has snapshots, which stay in the pool they were made in`,
      `delete them first, or copy it: warren copy ${name} NEW --pool ${pool}`,
    );
  for (const each of [from, pool]) await c.pools.open(each);
  requireLevels(c, name, r.levels, pool);
  const [old, made] = [c.paths.data(r.uuid), `${c.pools.pathOf(pool)}/containers/${r.uuid}`];
  const dirOf = (name: string): string => `${c.pools.pathOf(name)}/containers`;
  work.undo("files", async () => {
    await rm(made, { recursive: true, force: true });
    c.quotas.forget(dirOf(pool), baseOf(r));
  });
  work.progress("copying files");
  await cloneFiles(old, made, () => c.quotas.makeTree(made, baseOf(r)), work.signal);
  await copyFile(`${old}/console.log`, `${made}/console.log`).catch(() => undefined);
  work.progress("writing to disk");
  await flush(made, work.signal);
  // In the same tick as the switch: the pool may be on its way out.
  c.pools.require(pool);
  c.store.containers.update(name, ({ pool: _, ...rest }) =>
    pool === DEFAULT_POOL ? rest : { ...rest, pool },
  );
  work.keep();
  intoTrash(c, old, r.uuid);
  c.quotas.forget(dirOf(from), baseOf(r));
  c.events.emit({ type: "container-moved", container: name, details: { from, to: pool } });
  void emptyTrash(c, r.uuid);
}
