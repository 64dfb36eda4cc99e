import { WarrenError } from "../spec/errors.ts";
import type { ShareResult } from "../spec/share.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Engine } from "./index.ts";
import type { Work } from "./operation.ts";
import { shareAndTell, unshareOne } from "./share-move.ts";
import { createReport } from "./share-report.ts";

const FIX = "stop it first, or give --at-start: it is done before its next start";

/** One sharing at a time: two would look for the same files and each keep its own. */
const LOCK = "share";

/** Everything the API does to share files of containers. */
export function createShare(c: Context): Engine["share"] {
  const runs = (name: string): boolean => c.runtime.get(name) !== undefined;
  const requireStopped = (name: string): void => {
    if (runs(name)) throw new WarrenError("RUNNING", `${name} runs, its files can't be moved`, FIX);
  };

  const shareAll = async (
    names: string[],
    atStart: boolean,
    named: boolean,
    work: Work,
  ): Promise<ShareResult> => {
    const result: ShareResult = { containers: [], atStart: [], running: [], regained: 0 };
    work.progress("looking for equal files");
    const likes = await c.surveys.fresh(c, work.signal);
    for (const [i, name] of names.entries()) {
      work.progress(`sharing ${name}`, i, names.length);
      // Others may start, stop and delete theirs meanwhile: each container is held only for its own turn.
      await c.operations.locked([lockOf(name)], async () => {
        const r = c.store.containers.get(name);
        if (r?.phase !== "ready") return;
        if (runs(name) && atStart) {
          c.store.containers.update(name, (old) => ({ ...old, shareAtStart: true }));
          result.atStart.push(name);
        } else if (runs(name)) {
          if (named) requireStopped(name);
          result.running.push(name);
        } else {
          const done = await shareAndTell(c, r, likes, work);
          result.containers.push(done);
          result.regained += done.regained;
        }
      });
    }
    return result;
  };

  return {
    report: createReport(c),
    run({ names = [], atStart = false }) {
      for (const name of names) {
        record(c.store, name);
        if (!atStart) requireStopped(name);
      }
      return c.operations.submit({
        kind: "container.share",
        targets: [...names],
        locks: [LOCK],
        run(work) {
          const ready = c.store.containers.list().filter(({ phase }) => phase === "ready");
          const all = ready.map(({ name }) => name).sort();
          return shareAll(names.length > 0 ? [...new Set(names)] : all, atStart, names.length > 0, work);
        },
      });
    },
    undo(name) {
      record(c.store, name);
      requireStopped(name);
      return c.operations.submit({
        kind: "container.unshare",
        targets: [name],
        locks: [lockOf(name)],
        run(work) {
          requireStopped(name);
          c.store.containers.update(name, ({ shareAtStart: _, ...old }) => old);
          return unshareOne(c, record(c.store, name), work);
        },
      });
    },
  };
}
