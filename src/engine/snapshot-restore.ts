import { copyFileSync, existsSync, renameSync } from "node:fs";
import { cloneFiles, flush } from "../host/clone/index.ts";
import { breather } from "../host/object/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { SnapshotRecord } from "../spec/snapshot.ts";
import { type Context, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { baseOf } from "./root.ts";
import { snapshotOf } from "./snapshot-record.ts";
import { start } from "./start.ts";
import { stop } from "./stop.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** How a container is brought back. */
export interface RestoreOptions {
  /** Also one that runs: it is killed and started again. */
  force?: boolean | undefined;
  /** The saved levels stay as they are now. */
  filesOnly?: boolean | undefined;
}

/**
 * Brings a container's files and saved levels back to a snapshot. What was there stays until all of the new is there;
 * then the one takes the other's place, and a daemon killed meanwhile goes on with that at its next start.
 * Throws NO_SNAPSHOT, RUNNING.
 */
export async function restoreSnapshot(
  c: Context,
  name: string,
  snapshot: string,
  { force = false, filesOnly = false }: RestoreOptions,
  work: Work,
): Promise<void> {
  const r = record(c.store, name);
  const s = snapshotOf(c.store, r, snapshot);
  const ran = c.runtime.get(name) !== undefined;
  if (ran && !force)
    throw new WarrenError("RUNNING", `${name} runs`, "stop it first, or restore it with --force");
  await prepare(c, r, s.id, c.paths.snapshot(s.id), work);
  if (ran) await stop(c, name, { force: true }, work);
  work.progress("putting files in place");
  // From here on there is only one way, forward; what is needed for it is complete and on disk.
  c.store.containers.update(name, (old) => ({ ...old, restoring: s.id, ...(filesOnly ? {} : levelsOf(s)) }));
  work.keep();
  await finishRestore(c, name);
  c.events.emit({ type: "container-restored", container: name, details: { snapshot } });
  if (ran) await start(c, name, {}, work);
}

const levelsOf = ({ of }: SnapshotRecord) => ({
  levels: of.levels,
  priority: of.priority,
  profiles: of.profiles ?? [],
  overcommit: of.overcommit ?? false,
});

/** Where the files that are to be a container's are made. */
export const freshOf = (c: Context, r: ContainerRecord): string => `${c.paths.data(r.uuid)}.new`;

/** Makes a copy of `from`, a directory like a container's, beside the container `r`; undone with the work. */
export async function prepare(
  c: Context,
  r: ContainerRecord,
  id: string,
  from: string,
  work: Work,
): Promise<void> {
  const fresh = freshOf(c, r);
  work.progress("copying files");
  const clear = (): Promise<void> => {
    intoTrash(c, fresh, id);
    return emptyTrash(c, id);
  };
  await clear();
  work.undo("restored files", clear);
  // Project 0: it would count twice against the container's own quota.
  const method = await cloneFiles(from, fresh, () => c.quotas.makeTree(fresh, 0), work.signal);
  if (method === "instant") return;
  work.progress("writing to disk");
  await flush(fresh, work.signal);
}

/** Puts what `prepare` made in the place of a container's files. Begun anew it goes on where it was interrupted. */
export async function finishRestore(c: Context, name: string): Promise<void> {
  const r = record(c.store, name);
  const { restoring } = r;
  const s = restoring === undefined ? undefined : c.store.snapshots.get(restoring);
  if (!s) return;
  const [data, fresh, old] = [c.paths.data(r.uuid), freshOf(c, r), `${r.uuid}.old`];
  if (existsSync(fresh)) {
    // What the guest said is no part of its files.
    if (existsSync(c.paths.console(r.uuid))) copyFileSync(c.paths.console(r.uuid), `${fresh}/console.log`);
    const known = existsSync(data) ? data : fresh;
    const limits = c.quotas.missing(known) === null ? c.quotas.read(known, baseOf(r)) : null;
    await emptyTrash(c, old);
    intoTrash(c, data, old);
    renameSync(fresh, data);
    if (limits) count(c, r, limits);
  }
  await emptyTrash(c, r.uuid);
  c.lowers.remove(r.uuid);
  await c.lowers.copy(s.id, r.uuid, breather("the restored layer"));
  const same = r.name === s.of.name && r.addresses.join() === s.of.addresses.join();
  c.store.containers.update(name, ({ restoring: _, ...rest }) => ({
    ...rest,
    image: s.of.image,
    imageAlias: s.of.imageAlias,
    init: s.of.init,
    // Written once; a machine that has an identity already keeps it.
    identity: same ? s.of.identity : "pending",
  }));
  void emptyTrash(c, r.uuid).then(() => emptyTrash(c, old));
}

/** Lets the new files be counted under the container's limits; the old ones, being deleted, count for a while too. */
function count(
  c: Context,
  r: ContainerRecord,
  limits: { space: number | null; inodes: number | null },
): void {
  const [data, base] = [c.paths.data(r.uuid), baseOf(r)];
  const which = (["space", "inodes"] as const).filter((each) => c.quotas.missing(data, each) === null);
  for (const each of which) c.quotas.limit(data, base, each, null);
  c.quotas.adopt(data, base);
  for (const each of which) c.quotas.limit(data, base, each, limits[each]);
}
