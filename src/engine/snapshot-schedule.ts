import { isDue, outdated, scheduledName } from "../plan/snapshot.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { type Context, lockOf } from "./context.ts";
import { deleteSnapshots, makeSnapshot } from "./snapshot-make.ts";
import { snapshotsOf } from "./snapshot-record.ts";

/** Milliseconds between two looks at what is due. */
const LOOK = 10_000;

/** Makes snapshots when they are due and takes away those that had their time, until `stop`. */
export function keepSchedules(c: Context): { stop(): void } {
  const busy = new Set<string>();

  /** One operation a container at a time: what is due is made, then what is outdated goes. */
  function attend(r: ContainerRecord): void {
    const now = Date.now();
    const there = snapshotsOf(c.store, r.uuid);
    const due = r.schedule !== undefined && isDue(r.schedule, now);
    if (!due && outdated(r.schedule, there, now).length === 0) return;
    busy.add(r.uuid);
    const { id } = c.operations.submit({
      kind: "snapshot.schedule",
      targets: [r.name],
      locks: [lockOf(r.name)],
      async run(work) {
        const name = due ? scheduledName(now, new Set(there.map((s) => s.name))) : null;
        try {
          if (name !== null) await makeSnapshot(c, r.name, { name, by: "schedule" }, work);
        } finally {
          if (due) noteTried(r.name);
        }
        const schedule = c.store.containers.get(r.name)?.schedule;
        const old = outdated(schedule, snapshotsOf(c.store, r.uuid), now).map((s) => s.name);
        deleteSnapshots(c, r.name, old);
        return { created: name, deleted: old };
      },
    });
    void c.operations.wait(id, 86_400_000).then(() => busy.delete(r.uuid));
  }

  /** One that failed, of a full disk say, is tried again when the next is due. */
  function noteTried(name: string): void {
    if (c.store.containers.get(name)?.schedule === undefined) return;
    const last = new Date().toISOString();
    c.store.containers.update(name, (old) =>
      old.schedule ? { ...old, schedule: { ...old.schedule, last } } : old,
    );
  }

  function look(): void {
    for (const r of c.store.containers.list()) if (r.phase === "ready" && !busy.has(r.uuid)) attend(r);
  }
  const timer = setInterval(look, LOOK);
  look();
  return { stop: () => clearInterval(timer) };
}
