import { dirname } from "node:path";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { type Context, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { baseOf, cleanUp } from "./root.ts";
import { dropSnapshot } from "./snapshot-drop.ts";
import { snapshotsOf } from "./snapshot-record.ts";
import { stop } from "./stop.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Takes a container, its files and snapshots away; answers how many of these there were. Throws RUNNING unless forced. */
export async function remove(
  c: Context,
  name: string,
  o: { force?: boolean },
  work: Work,
): Promise<{ snapshots: number }> {
  const r = record(c.store, name);
  if (c.runtime.get(name)) {
    if (!o.force)
      throw new WarrenError("RUNNING", `${name} runs`, "stop it first, or delete it with --force");
    await stop(c, name, { force: true }, work);
  }
  const snapshots = snapshotsOf(c.store, r.uuid).length;
  work.progress("deleting its files");
  c.store.containers.update(name, (old) => ({ ...old, phase: "deleting" }));
  await finish(c, r);
  return { snapshots };
}

/** The part after which there is no way back; done again at the daemon's start where it was interrupted. */
export async function finish(c: Context, r: ContainerRecord): Promise<void> {
  await cleanUp(c, r);
  c.quotas.forget(dirname(c.paths.data(r.uuid)), baseOf(r));
  for (const s of c.store.snapshots.list()) if (s.container === r.uuid) dropSnapshot(c, s.id);
  moveToTrash(c, r.uuid);
  c.store.containers.delete(r.name);
  c.events.emit({ type: "container-deleted", container: r.name });
  void emptyTrash(c, r.uuid);
}

/** Out of sight at once; a large tree may take long to delete and nobody needs to wait for it. */
export function moveToTrash(c: Context, uuid: string): void {
  intoTrash(c, c.paths.data(uuid), uuid);
  c.lowers.remove(uuid);
}
