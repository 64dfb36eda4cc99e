import { WarrenError } from "../spec/errors.ts";
import type { SnapshotRecord, SnapshotSummary } from "../spec/snapshot.ts";
import type { Store } from "../store/index.ts";

/** Snapshots of a container that are there for the outside, the oldest first. */
export function snapshotsOf(store: Pick<Store, "snapshots">, uuid: string): SnapshotRecord[] {
  const found = store.snapshots.list().filter((s) => s.container === uuid && s.phase === "ready");
  // Ids are of a kind that sorts by time, finer than `created`.
  return found.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The snapshot of that name. Throws NO_SNAPSHOT. */
export function snapshotOf(
  store: Pick<Store, "snapshots">,
  container: { uuid: string; name: string },
  name: string,
): SnapshotRecord {
  const found = snapshotsOf(store, container.uuid).find((s) => s.name === name);
  if (found) return found;
  throw new WarrenError(
    "NO_SNAPSHOT",
    `${container.name} has no snapshot "${name}"`,
    `see \`warren snapshot list ${container.name}\``,
  );
}

/** Who needs an image besides containers: `NAME/SNAPSHOT` of each snapshot made while it was the container's. */
export function snapshotsFrom(store: Pick<Store, "snapshots" | "containers">, digest: string): string[] {
  const names = new Map(store.containers.list().map((c) => [c.uuid, c.name]));
  return store.snapshots
    .list()
    .filter((s) => s.of.image === digest)
    .map((s) => `${names.get(s.container) ?? s.of.name}/${s.name}`)
    .sort();
}

/** What `snapshot list` shows of one. */
export const snapshotSummary = (s: SnapshotRecord, container: string): SnapshotSummary => ({
  name: s.name,
  container,
  comment: s.comment,
  created: s.created,
  expires: s.expires,
  by: s.by,
  method: s.method,
  image: s.of.imageAlias,
  id: s.id,
});
