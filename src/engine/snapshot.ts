import { WarrenError } from "../spec/errors.ts";
import type { OperationRecord } from "../spec/operation.ts";
import {
  MOST_KEPT,
  type Schedule,
  SHORTEST_EVERY,
  type SnapshotRequest,
  type SnapshotSummary,
  snapshotComment,
  snapshotName,
} from "../spec/snapshot.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Work } from "./operation.ts";
import { deleteSnapshots, makeSnapshot, requireFree } from "./snapshot-make.ts";
import { snapshotOf, snapshotSummary, snapshotsOf } from "./snapshot-record.ts";
import { type RestoreOptions, restoreSnapshot } from "./snapshot-restore.ts";

/** What the API does with snapshots: each verb that takes time is an operation under the container's lock. */
export interface Snapshots {
  /** The oldest first. Throws NO_CONTAINER. */
  list(name: string): SnapshotSummary[];
  info(name: string, snapshot: string): SnapshotSummary;
  create(name: string, request: SnapshotRequest): OperationRecord;
  delete(name: string, snapshots: readonly string[]): OperationRecord;
  /** Throws NO_SNAPSHOT, EXISTS. */
  rename(name: string, snapshot: string, to: string): SnapshotSummary;
  restore(name: string, snapshot: string, o: RestoreOptions): OperationRecord;
  /** Sets when snapshots are made by themselves; `null` ends it, and those made stay. Throws BAD_VALUE. */
  schedule(name: string, o: { every: number; keep: number } | null): void;
}

export function createSnapshots(c: Context): Snapshots {
  const submit = (verb: string, name: string, run: (work: Work) => Promise<unknown>): OperationRecord =>
    c.operations.submit({ kind: `snapshot.${verb}`, targets: [name], locks: [lockOf(name)], run });
  const info = (name: string, snapshot: string): SnapshotSummary =>
    snapshotSummary(snapshotOf(c.store, record(c.store, name), snapshot), name);

  return {
    info,
    list: (name) =>
      snapshotsOf(c.store, record(c.store, name).uuid).map((each) => snapshotSummary(each, name)),
    create(name, request) {
      requireFree(c, record(c.store, name), request.name);
      snapshotComment(request.comment ?? "");
      return submit("create", name, async (work) =>
        snapshotSummary(await makeSnapshot(c, name, request, work), name),
      );
    },
    delete(name, snapshots) {
      for (const each of snapshots) info(name, each);
      return submit("delete", name, async () => {
        deleteSnapshots(c, name, snapshots);
        return { deleted: snapshots };
      });
    },
    rename(name, snapshot, to) {
      const r = record(c.store, name);
      const { id } = snapshotOf(c.store, r, snapshot);
      requireFree(c, r, snapshotName(to));
      c.store.snapshots.update(id, (old) => ({ ...old, name: to }));
      return info(name, to);
    },
    restore(name, snapshot, o) {
      info(name, snapshot);
      return submit("restore", name, async (work) => {
        await restoreSnapshot(c, name, snapshot, o, work);
        return null;
      });
    },
    schedule(name, o) {
      record(c.store, name);
      const schedule = o && checked(o);
      c.store.containers.update(name, ({ schedule: _, ...old }) => ({
        ...old,
        ...(schedule ? { schedule } : {}),
      }));
    },
  };
}

function checked({ every, keep }: { every: number; keep: number }): Schedule {
  if (!(every >= SHORTEST_EVERY && Number.isFinite(every)))
    throw new WarrenError(
      "BAD_VALUE",
      `every ${every} s is too often`,
      `give ${SHORTEST_EVERY} seconds or more`,
    );
  if (!Number.isInteger(keep) || keep < 1 || keep > MOST_KEPT)
    throw new WarrenError("BAD_VALUE", `${keep} snapshots can't be kept`, `give 1 to ${MOST_KEPT}`);
  return { every, keep, last: new Date().toISOString() };
}
