/** Guarantees through `set`, on a host with cgroup v2 in memory. */
import { expect, test } from "bun:test";
import { createAdmission } from "../../src/engine/admission.ts";
import type { Context } from "../../src/engine/context.ts";
import { createSetLevels } from "../../src/engine/level-set.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import { containerRecord, HOST, levelBench } from "../helpers/levels.ts";

const GIB = 1024 ** 3;

/** `web` and `db` run; 10 of the host's 16 GiB are guaranteed to `db`. */
function bench() {
  const it = levelBench("v2");
  const db = { ...containerRecord("db", { "memory.guarantee": 10 * GIB }), slot: 1 };
  it.store.containers.insert("db", db);
  const room = { memory: HOST.memory, swap: 0, cpu: 4, pids: 1000, disk: 1 };
  const set = createSetLevels({
    store: it.store,
    levels: it.levels,
    instance: instanceOf(undefined),
    admission: createAdmission({ levels: it.levels }, () => room),
    operations: { locked: (_: string[], work: () => Promise<unknown>) => work() },
    runtime: { get: () => undefined },
  } as unknown as Context);
  const change = (values: Record<string, string>, more: { save?: boolean; overcommit?: boolean } = {}) =>
    set("web", { set: values, save: false, dryRun: false, ...more }).then(
      () => "done",
      (error) => (error instanceof WarrenError ? error.code : String(error)),
    );
  const guaranteed = async () => (await it.levels.get("web"))["memory.guarantee"]?.effective;
  return Object.assign(it, { change, guaranteed });
}

test("one that fits is in force, one more than the host has changes nothing, by its OpenVZ name too", async () => {
  const it = bench();
  expect(await it.change({ "memory.guarantee": "6G" })).toBe("done");
  expect(await it.guaranteed()).toBe(6 * GIB);
  const writes = it.cgroups.writes.length;
  expect(await it.change({ "memory.guarantee": "7G", "pids.limit": "9" })).toBe("REFUSED");
  expect(await it.change({ vmguarpages: String((7 * GIB) / 4096) })).toBe("REFUSED");
  expect(it.cgroups.writes.length).toBe(writes);
  expect(await it.guaranteed()).toBe(6 * GIB);
  expect(await it.change({ "pids.limit": "9" })).toBe("done");
});

test("what was let through for good is kept with the container, until one that fits is saved", async () => {
  const it = bench();
  const kept = () => it.store.containers.get("web")?.overcommit ?? false;
  expect(await it.change({ "memory.guarantee": "7G" }, { overcommit: true })).toBe("done");
  expect([await it.guaranteed(), kept()]).toEqual([7 * GIB, false]);
  expect(await it.change({ "memory.guarantee": "7G" }, { overcommit: true, save: true })).toBe("done");
  expect(kept()).toBe(true);
  expect(await it.change({ "memory.guarantee": "6G" }, { save: true })).toBe("done");
  expect(kept()).toBe(false);
});

test("a stopped container's is looked at as if it ran", async () => {
  const it = bench();
  it.pid = null;
  expect(await it.change({ "memory.guarantee": "3G" }, { save: true })).toBe("done");
  expect(await it.change({ "memory.guarantee": "17G" }, { save: true })).toBe("REFUSED");
  expect(it.store.containers.get("web")?.levels).toEqual({ "memory.guarantee": 3 * GIB });
});
