import { cloneFiles } from "../host/clone/index.ts";
import { breather } from "../host/object/index.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { containerName } from "../spec/name.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import { snapshotPlace } from "../spec/snapshot.ts";
import { type Context, record } from "./context.ts";
import { discard, insert, ready } from "./create.ts";
import { requireLevels } from "./move.ts";
import type { Work } from "./operation.ts";
import { baseOf } from "./root.ts";
import { snapshotOf } from "./snapshot-record.ts";

/**
 * Makes a new container with the files and saved levels of another, its own ids, addresses and host name.
 *
 * `from` is a container or, as `NAME/SNAPSHOT`, what it was. Files keep their ids on disk, so nothing is chowned, and
 * blocks are shared where the file system can. It is in the same pool unless another is said. A running source is frozen
 * while its files are read. Throws EXISTS, NO_SNAPSHOT, NO_POOL, UNSUPPORTED.
 */
export async function copy(
  c: Context,
  from: string,
  to: string,
  o: { pool?: string | undefined },
  work: Work,
): Promise<ContainerRecord> {
  const { name, snapshot } = snapshotPlace(from);
  const source = record(c.store, name);
  const s = snapshot === undefined ? null : snapshotOf(c.store, source, snapshot);
  containerName(to);
  const { image, imageAlias, init, levels, priority, profiles = [], overcommit = false } = s?.of ?? source;
  const app = source.app ? { app: source.app } : {};
  const same = { image, imageAlias, init, levels: { ...levels }, priority, profiles, overcommit, ...app };
  const pool = o.pool ?? source.pool ?? DEFAULT_POOL;
  await c.pools.open(pool);
  requireLevels(c, name, levels, pool);
  const made = insert(c, { name: to, ...same, pool });
  work.undo("container", () => discard(c, made));
  work.progress("copying files");
  const clone = async (files: string, layer: string): Promise<void> => {
    const at = c.paths.data(made.uuid);
    await cloneFiles(files, at, () => c.quotas.makeTree(at, baseOf(made)), work.signal);
    await c.lowers.copy(layer, made.uuid, breather("copying files", work.signal));
  };
  const mark = (): void => void c.store.containers.update(to, (old) => ({ ...old, halts: name }));
  if (s) await clone(c.paths.snapshot(s.id), s.id);
  else await whileStill(c, name, mark, () => clone(c.paths.data(source.uuid), source.uuid));
  const { started } = s?.of ?? source;
  c.store.containers.update(to, ({ halts: _, ...old }) => ({ ...old, started }));
  ready(c, to);
  c.events.emit({ type: "container-created", container: to, details: { copyOf: from } });
  return made;
}

/** Does `work` while nothing in the container moves; one that was frozen before stays so. `mark` keeps with what is made. */
export async function whileStill<T>(
  c: Context,
  name: string,
  mark: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const live = c.runtime.get(name);
  if (!live || live.frozen) return work();
  // Should the daemon be killed meanwhile, the next one finds there whom to let run on.
  mark();
  await setFrozen(c, name, true);
  try {
    return await work();
  } finally {
    await setFrozen(c, name, false);
  }
}

/** Halts every process of a container in place, or lets them run on. Throws NOT_RUNNING, FROZEN. */
export async function setFrozen(c: Context, name: string, frozen: boolean): Promise<void> {
  record(c.store, name);
  const live = c.runtime.get(name);
  if (!live)
    throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it with \`warren start ${name}\``);
  if (frozen && live.frozen)
    throw new WarrenError(
      "FROZEN",
      `${name} is frozen already`,
      `let it run on with \`warren thaw ${name}\``,
    );
  if (!frozen && !live.frozen)
    throw new WarrenError("RUNNING", `${name} is not frozen`, `see \`warren info ${name}\``);
  await c.cgroups.freeze(groupOf(c, name), frozen);
  live.frozen = frozen;
  c.events.emit({ type: frozen ? "container-frozen" : "container-thawed", container: name });
}

/** The group of a running container: what the kernel says, for it may differ from the name after a reboot within. */
export function groupOf(c: Context, name: string): string {
  const live = c.runtime.get(name);
  const group = live ? c.cgroups.ofPid(live.initPid) : null;
  if (group !== null) return group;
  throw new WarrenError("NOT_RUNNING", `${name} does not run`, `start it with \`warren start ${name}\``);
}
