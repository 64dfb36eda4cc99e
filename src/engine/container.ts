import { existsSync } from "node:fs";
import type { ContainerSummary } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { containerName } from "../spec/name.ts";
import type { OperationRecord } from "../spec/operation.ts";
import { snapshotPlace } from "../spec/snapshot.ts";
import { type Context, lockOf, record } from "./context.ts";
import { copy, setFrozen } from "./copy.ts";
import { create, resolveRequest } from "./create.ts";
import { remove } from "./delete.ts";
import type { Engine } from "./index.ts";
import { followLog } from "./logs.ts";
import { move } from "./move.ts";
import type { Work } from "./operation.ts";
import { snapshotOf } from "./snapshot-record.ts";
import { start } from "./start.ts";
import { stop } from "./stop.ts";
import { createUsage } from "./usage.ts";
import { info, stateOf, summary } from "./view.ts";

/** Everything the API does with containers: each verb is an operation under the container's lock. */
export function createContainers(c: Context): Engine["containers"] {
  const busy = new Map<string, "starting" | "stopping">();
  const usage = createUsage(c);
  const submit = (
    verb: string,
    name: string,
    run: (work: Work) => Promise<unknown>,
    more: { targets?: string[]; busy?: "starting" | "stopping" } = {},
  ): OperationRecord => {
    const targets = more.targets ?? [name];
    // Nearly every verb ends in a move of processes, and what comes before it takes about as long as the wait.
    c.cgroups.expectMoves();
    return c.operations.submit({
      kind: `container.${verb}`,
      targets,
      locks: targets.map(lockOf),
      async run(work) {
        if (more.busy) busy.set(name, more.busy);
        try {
          const result = await run(work);
          return result === undefined ? null : result;
        } finally {
          busy.delete(name);
        }
      },
    });
  };
  const shown = (name: string): ContainerSummary => summary(c, record(c.store, name), busy);

  return {
    list(filter = {}) {
      const { state, image, name } = filter;
      return c.store.containers
        .list()
        .filter(
          (r) =>
            r.phase === "ready" && (!name || r.name.includes(name)) && (!image || r.imageAlias === image),
        )
        .map((r) => summary(c, r, busy))
        .filter((s) => !state || s.state === state)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    info: async (name) => info(c, record(c.store, name), busy, usage),
    usage({ name } = {}) {
      const asked = c.store.containers
        .list()
        .filter((r) => r.phase === "ready" && (!name || r.name.includes(name)))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((r) => ({ record: r, state: stateOf(c, r, busy) }));
      return usage.all(asked);
    },
    create(request) {
      containerName(request.name);
      if (c.store.containers.get(request.name))
        throw new WarrenError(
          "EXISTS",
          `container "${request.name}" exists already`,
          "choose another name or delete it first",
        );
      const { resolved, skipped } = resolveRequest(c, request);
      c.images.expect(request.image);
      const run = async (work: Work): Promise<unknown> => {
        await create(c, resolved, work);
        if (request.start) await start(c, request.name, request, work);
        return { ...shown(request.name), ...(skipped.length > 0 ? { skipped } : {}) };
      };
      return submit(
        request.start ? "launch" : "create",
        request.name,
        run,
        request.start ? { busy: "starting" } : {},
      );
    },
    start(name, o) {
      record(c.store, name);
      return submit("start", name, async (work) => void (await start(c, name, o, work)), {
        busy: "starting",
      });
    },
    stop(name, o) {
      record(c.store, name);
      return submit("stop", name, (work) => stop(c, name, o, work), { busy: "stopping" });
    },
    restart(name, o) {
      record(c.store, name);
      return submit("restart", name, async (work) => {
        await stop(c, name, o, work);
        await start(c, name, o, work);
      });
    },
    freeze(name) {
      record(c.store, name);
      return submit("freeze", name, () => setFrozen(c, name, true));
    },
    thaw(name) {
      record(c.store, name);
      return submit("thaw", name, () => setFrozen(c, name, false));
    },
    delete(name, o) {
      record(c.store, name);
      return submit("delete", name, (work) => remove(c, name, o, work), { busy: "stopping" });
    },
    rename(name, to, ifVersion) {
      record(c.store, name);
      containerName(to);
      return submit("rename", name, async () => rename(c, name, to, ifVersion), { targets: [name, to] });
    },
    move(name, pool) {
      record(c.store, name);
      c.pools.choose(pool);
      return submit("move", name, (work) => move(c, name, pool, work));
    },
    copy(from, to, o = {}) {
      const { name, snapshot } = snapshotPlace(from);
      const source = record(c.store, name);
      if (snapshot !== undefined) snapshotOf(c.store, source, snapshot);
      containerName(to);
      return submit("copy", name, async (work) => void (await copy(c, from, to, o, work)), {
        targets: [name, to],
      });
    },
    setPriority(name, priority) {
      record(c.store, name);
      c.store.containers.update(name, (old) => ({ ...old, priority }));
    },
    logs(name, o) {
      const r = record(c.store, name);
      return followLog(c.paths.console(r.uuid), o, () => existsSync(c.paths.data(r.uuid)));
    },
  };
}

/** Gives a stopped container another name, inside too at its next start. Throws RUNNING, EXISTS, CHANGED. */
function rename(c: Context, name: string, to: string, ifVersion?: number): void {
  const r = record(c.store, name);
  if (c.runtime.get(name)) throw new WarrenError("RUNNING", `${name} runs`, "stop it first");
  if (ifVersion !== undefined && r.version !== ifVersion)
    throw new WarrenError("CHANGED", `container "${name}" changed since it was read`, "read it again");
  c.store.transaction(() => {
    if (c.store.containers.get(to))
      throw new WarrenError(
        "EXISTS",
        `container "${to}" exists already`,
        "choose another name or delete it first",
      );
    c.store.containers.delete(name);
    c.store.containers.insert(to, { ...r, name: to, identity: "pending", version: r.version + 1 });
  });
  c.events.emit({ type: "container-renamed", container: to, details: { from: name } });
}
