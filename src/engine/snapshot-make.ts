import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { cloneFiles, flush } from "../host/clone/index.ts";
import { breather } from "../host/object/index.ts";
import { freeName } from "../plan/snapshot.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import {
  type SnapshotOf,
  type SnapshotRecord,
  type SnapshotRequest,
  snapshotName,
} from "../spec/snapshot.ts";
import { type Context, record } from "./context.ts";
import { whileStill } from "./copy.ts";
import type { Work } from "./operation.ts";
import { dropSnapshot } from "./snapshot-drop.ts";
import { snapshotOf, snapshotsOf } from "./snapshot-record.ts";

/** What a snapshot keeps of a container's record. */
export const keptOf = (r: ContainerRecord): SnapshotOf => ({
  name: r.name,
  image: r.image,
  imageAlias: r.imageAlias,
  init: r.init,
  levels: r.levels,
  priority: r.priority,
  profiles: r.profiles ?? [],
  overcommit: r.overcommit ?? false,
  identity: r.identity,
  started: r.started,
  addresses: r.addresses,
});

/**
 * Makes a snapshot of a container as it is. One that runs is halted for the moment of copying, so that the snapshot
 * is what a power cut would have left, of one instant. Throws EXISTS, NO_CONTAINER, FAILED.
 */
export async function makeSnapshot(
  c: Context,
  name: string,
  { expires, by = "hand", comment = "", ...request }: SnapshotRequest & { by?: SnapshotRecord["by"] },
  work: Work,
): Promise<SnapshotRecord> {
  const r = record(c.store, name);
  const ends = expires === undefined ? null : new Date(Date.now() + expires * 1000).toISOString();
  const made = newSnapshot(r, requireFree(c, r, request.name), { comment, by, expires: ends });
  c.store.snapshots.insert(made.id, made);
  work.undo("snapshot", () => dropSnapshot(c, made.id));
  work.progress("copying files");
  const method = await takeFiles(c, r, made.id, work.signal);
  if (method === "copy") {
    work.progress("writing to disk");
    await flush(c.paths.snapshot(made.id), work.signal);
  }
  return complete(c, made.id, { method });
}

/** The record of a snapshot whose files are yet to come: a daemon that finds it at its start takes it away. */
export const newSnapshot = (
  r: ContainerRecord,
  name: string,
  more: Partial<SnapshotRecord> = {},
): SnapshotRecord => ({
  id: Bun.randomUUIDv7(),
  name,
  container: r.uuid,
  comment: "",
  created: new Date().toISOString(),
  expires: null,
  by: "hand",
  phase: "creating",
  method: "copy",
  halts: false,
  of: keptOf(r),
  digest: null,
  version: 1,
  ...more,
});

/** Copies what a container has now into a snapshot whose record is there. */
export async function takeFiles(
  c: Context,
  r: ContainerRecord,
  id: string,
  signal?: AbortSignal,
): Promise<SnapshotRecord["method"]> {
  const at = c.paths.snapshot(id);
  const mark = (): void => void c.store.snapshots.update(id, (old) => ({ ...old, halts: true }));
  mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
  const make = (): void => c.quotas.makeTree(at, 0);
  const clone = () => cloneFiles(c.paths.data(r.uuid), at, make, signal);
  const method = await whileStill(c, r.name, mark, clone);
  await c.lowers.copy(r.uuid, id, breather("the snapshot", signal));
  return method;
}

/** Says that a snapshot's files are all there. */
export function complete(c: Context, id: string, more: Partial<SnapshotRecord>): SnapshotRecord {
  const saved = c.store.snapshots.update(id, (old) => ({ ...old, phase: "ready", halts: false, ...more }));
  const of = c.store.containers.list().find((each) => each.uuid === saved.container);
  c.events.emit({
    type: "snapshot-created",
    ...(of ? { container: of.name } : {}),
    details: { snapshot: saved.name, by: saved.by },
  });
  return saved;
}

/** A name for a further snapshot. Throws EXISTS, BAD_NAME. */
export function requireFree(c: Context, r: ContainerRecord, wanted: string | undefined): string {
  const taken = new Set(snapshotsOf(c.store, r.uuid).map(({ name }) => name));
  if (wanted === undefined) return freeName(taken);
  if (!taken.has(snapshotName(wanted))) return wanted;
  throw new WarrenError(
    "EXISTS",
    `${r.name} has a snapshot "${wanted}" already`,
    "choose another name or delete it first",
  );
}

/** Takes snapshots away by name. Throws NO_SNAPSHOT before any is touched. */
export function deleteSnapshots(c: Context, name: string, snapshots: readonly string[]): void {
  const r = record(c.store, name);
  const found = snapshots.map((each) => snapshotOf(c.store, r, each));
  for (const s of found) {
    dropSnapshot(c, s.id);
    c.events.emit({ type: "snapshot-deleted", container: name, details: { snapshot: s.name } });
  }
}
