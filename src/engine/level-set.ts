import { capacity } from "../host/capacity/index.ts";
import { levelRequest } from "../spec/level-request.ts";
import { GUARANTEES } from "./admission.ts";
import { type Context, lockOf, record } from "./context.ts";
import type { Engine } from "./index.ts";
import { leaveForReboot } from "./level-start.ts";

/** Changes levels as the outside asks: one at a time for a container, within what the host can keep, left for the hook. */
export function createSetLevels(c: Context): Engine["levels"]["set"] {
  const names = new Set(GUARANTEES.flatMap(({ key, alias }) => (alias ? [key, alias.name] : [key])));
  return (name, change) =>
    c.operations.locked([lockOf(name)], async () => {
      const { overcommit = false, save, dryRun } = change;
      const guarantees = Object.keys(change.set).some((key) => names.has(key));
      using _reserved = guarantees ? admitted(c, name, change.set, overcommit) : undefined;
      const answer = await c.levels.set(name, change);
      if (dryRun) return answer;
      // What was allowed once for good must not keep it from its next start.
      if (save && guarantees) c.store.containers.update(name, (old) => ({ ...old, overcommit }));
      if (c.runtime.get(name)) leaveForReboot(c, name);
      return answer;
    });
}

function admitted(c: Context, name: string, set: Record<string, string>, overcommit: boolean): Disposable {
  const values = levelRequest(set, capacity(c.instance.state));
  const now = c.levels.wantedAll().get(name) ?? record(c.store, name).levels;
  return c.admission.admit(name, { ...now, ...values }, { overcommit });
}
