import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { settingsOf } from "../../src/engine/level-kernel.ts";
import { WarrenError } from "../../src/spec/errors.ts";
import type { LevelHost } from "../../src/spec/level.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { someChange } from "../helpers/level-values.ts";
import { GROUP, HOST, type LevelBench, levelBench } from "../helpers/levels.ts";

const MIB = 1024 ** 2;
const KEYS = LEVELS.map(({ key }) => key);
const code = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error) => (error instanceof WarrenError ? error.code : `not ours: ${error}`),
  );

/** No list of CPUs or nodes on v2 is all of them. */
const meaning = (path: string, text: string): string => {
  if (text !== "") return text;
  return path.endsWith("cpuset.cpus") ? HOST.cpus : path.endsWith("cpuset.mems") ? HOST.nodes : text;
};
/** What the kernel has, without what reclaiming changes. */
const kernel = ({ cgroups }: LevelBench) =>
  Object.fromEntries(
    [...cgroups.files]
      .filter(([path]) => !/usage|current|peak/.test(path))
      .map(([path, text]) => [path, meaning(path, text)]),
  );

/** Whether the kernel has what the record says. */
async function agree(bench: LevelBench): Promise<void> {
  const rows = bench.levels.catalogue();
  const can = new Set(rows.flatMap(({ key, supported, live }) => (supported && live ? [key] : [])));
  const state = await bench.levels.get("web");
  // In force are always CPUs and nodes by number.
  const all: Record<string, string> = { "cpu.set": HOST.cpus, "cpu.nodes": HOST.nodes };
  for (const [key, { saved, effective }] of Object.entries(state)) {
    // An idle group has no weight.
    if (!can.has(key) || (key === "cpu.weight" && state["cpu.idle"]?.saved === "on")) continue;
    expect({ [key]: effective }).toEqual({ [key]: saved ?? all[key] ?? null });
  }
}

describe.each(["v1", "v2"] as const)("on %s", (dialect) => {
  // One that may raise what limits processes, and one where that can only go down.
  const hosts: LevelHost[] = [HOST, { ...HOST, raises: false }];
  test.each(hosts)(
    "1000 random changes with failing writes leave kernel and record equal (%#)",
    async (host) => {
      const changes = someChange(dialect, host);
      const run = fc.asyncProperty(
        fc.array(fc.tuple(changes, fc.option(fc.nat({ max: 12 })), fc.nat({ max: 300 })), {
          minLength: 5,
          maxLength: 5,
        }),
        async (all) => {
          const bench = levelBench(dialect, {}, host);
          await bench.levels.apply("web");
          for (const [set, failing, held] of all) {
            const { effective: limit } = (await bench.levels.get("web"))["memory.limit"]!;
            const most = Math.min(held * MIB, limit === null ? Number.POSITIVE_INFINITY : Number(limit));
            bench.cgroups.memory = { held: most, floor: most / 2 };
            const record = bench.store.containers.get("web");
            const before = kernel(bench);
            const start = bench.cgroups.writes.length;
            bench.cgroups.before = (path, _text, count) => {
              // An undo that is refused once is tried again, so every write may fail once; here one of them does.
              if (count - start !== failing) return;
              bench.cgroups.before = () => undefined;
              // What can only go down comes last: there is no way back from a failure between two of them.
              if (!host.raises && path.startsWith("rlimit:")) return;
              throw new WarrenError("FAILED", `write ${path}: EIO`, "", { errno: "EIO" });
            };
            const outcome = await code(bench.levels.set("web", { set, save: true, dryRun: false }));
            expect(["done", "FAILED", "REFUSED", "BAD_VALUE"]).toContain(outcome);
            if (outcome !== "done") {
              expect(kernel(bench)).toEqual(before);
              expect(bench.store.containers.get("web")).toEqual(record);
            }
            if (host.raises) await agree(bench);
          }
          bench.store.close();
        },
      );
      await fc.assert(run, { numRuns: 200 });
    },
    60_000,
  );

  test("a failure at each write in turn takes back those before it", async () => {
    const set = {
      "memory.limit": "64M",
      "memory.swap": "32M",
      "cpu.weight": "50",
      "cpu.limit": "50%",
      "cpu.set": "1",
      "pids.limit": "64",
    };
    for (let at = 0; ; at++) {
      const bench = levelBench(dialect, { "memory.limit": 128 * MIB, "memory.swap": 0, "cpu.set": "0" });
      await bench.levels.apply("web");
      const before = kernel(bench);
      const start = bench.cgroups.writes.length;
      const failed: string[] = [];
      bench.cgroups.before = (path, value, count) => {
        // Three attempts meet the same fault; the way back is free.
        if (count - start !== at || failed.length > 0) return;
        failed.push(path);
        throw new WarrenError("FAILED", `write ${value} ${path}: EPERM`, "", { errno: "EPERM", path });
      };
      const stale = bench.levels.set("web", { set, save: false, dryRun: false });
      const error = await stale.then(
        () => null,
        (thrown) => thrown as WarrenError,
      );
      if (failed.length === 0) {
        expect(at).toBeGreaterThan(6);
        expect(error).toBe(null);
        return;
      }
      if (error) {
        expect(kernel(bench)).toEqual(before);
        expect(KEYS).toContain(String(error.details?.key));
        expect(error.message).toContain("nothing was changed");
      }
    }
  });

  test("memory that isn't given back refuses the change, with the figure, and leaves it all", async () => {
    const bench = levelBench(dialect, { "memory.limit": 256 * MIB });
    await bench.levels.apply("web");
    bench.cgroups.memory = { held: 200 * MIB, floor: 100 * MIB };
    const before = kernel(bench);
    const refused = bench.levels.set("web", {
      set: { "memory.limit": "64M", "pids.limit": "10" },
      save: true,
      dryRun: false,
    });
    await expect(refused).rejects.toMatchObject({
      code: "REFUSED",
      message: "memory.limit can't go down to 64MiB: 100MiB are held and not given back; nothing was changed",
      details: { key: "memory.limit", held: 100 * MIB },
    });
    expect(kernel(bench)).toEqual(before);
    // With room after reclaiming it goes through.
    await bench.levels.set("web", { set: { "memory.limit": "128M" }, save: true, dryRun: false });
    await agree(bench);
  });

  test("a level the kernel keeps differently is undone, naming it", async () => {
    const bench = levelBench(dialect);
    const before = kernel(bench);
    bench.cgroups.after = (path) => {
      if (path.endsWith("pids.max") && bench.cgroups.files.get(path) === "64")
        bench.cgroups.files.set(path, "63");
    };
    const refused = bench.levels.set("web", {
      set: { "cpu.weight": "7", "pids.limit": "64" },
      save: true,
      dryRun: false,
    });
    await expect(refused).rejects.toMatchObject({
      code: "FAILED",
      details: { key: "pids.limit", wrote: "64", read: "63" },
    });
    expect(kernel(bench)).toEqual(before);
    expect(bench.store.containers.get("web")?.levels).toEqual({});
  });

  test("a record that can't be written takes the kernel back", async () => {
    const bench = levelBench(dialect);
    const before = kernel(bench);
    bench.store.containers.update = () => {
      throw new WarrenError("CHANGED", "it changed");
    };
    const set = bench.levels.set("web", { set: { "pids.limit": "64" }, save: true, dryRun: false });
    expect(await code(set)).toBe("CHANGED");
    expect(kernel(bench)).toEqual(before);
  });
});

describe("set", () => {
  const request = { set: { "pids.limit": "64" }, save: false, dryRun: false };
  const state = async (bench: LevelBench) => (await bench.levels.get("web"))["pids.limit"];

  test("live and not saved: in force now, lost at the next start, and says so", async () => {
    const bench = levelBench("v2", { "pids.limit": 500 });
    await bench.levels.apply("web");
    const { note, saved, applied } = await bench.levels.set("web", request);
    expect(note).toContain("lost at the next start");
    expect({ saved, applied }).toEqual({ saved: false, applied: { "pids.limit": 64 } });
    expect(await state(bench)).toEqual({ wanted: 64, effective: 64, saved: 500, pending: null });
    bench.pid = 101;
    expect((await state(bench))?.wanted).toBe(500);
    await bench.levels.apply("web");
    expect(await state(bench)).toEqual({ wanted: 500, effective: 500, saved: 500, pending: null });
  });
  test("live and saved", async () => {
    const bench = levelBench("v1");
    const { note, saved } = await bench.levels.set("web", { ...request, save: true });
    expect({ note, saved }).toEqual({ note: "in force and saved", saved: true });
    expect(await state(bench)).toEqual({ wanted: 64, effective: 64, saved: 64, pending: null });
    expect(bench.events).toEqual([
      { type: "level-changed", container: "web", details: { levels: { "pids.limit": 64 }, saved: true } },
    ]);
  });
  test("stopped: refused without save, kept with it", async () => {
    const bench = levelBench("v2");
    bench.pid = null;
    expect(await code(bench.levels.set("web", request))).toBe("NOT_RUNNING");
    expect((await bench.levels.set("web", { ...request, save: true })).note).toContain("next start");
    expect(await state(bench)).toEqual({ wanted: 64, effective: null, saved: 64, pending: null });
    expect(bench.cgroups.writes).toEqual([]);
  });
  test("a dry run shows each kernel write and does none", async () => {
    const bench = levelBench("v1");
    const { plan, saved } = await bench.levels.set("web", {
      set: { "cpu.set": "0", "pids.limit": "9" },
      save: true,
      dryRun: true,
    });
    expect(saved).toBe(false);
    expect(plan).toEqual([
      { key: "cpu.set", action: "write", file: "cpuset/guest/cpuset.cpus", from: "0-3", to: "0" },
      { key: "cpu.set", action: "write", file: "cpuset/cpuset.cpus", from: "0-3", to: "0" },
      { key: "pids.limit", action: "write", file: "pids/pids.max", from: "max", to: "9" },
    ]);
    expect(bench.cgroups.writes).toEqual([]);
    expect(bench.store.containers.get("web")?.levels).toEqual({});
    expect(bench.events).toEqual([]);
  });
  test("one bad value among good ones leaves all untouched", async () => {
    const bench = levelBench("v2");
    const bad = bench.levels.set("web", {
      set: { "pids.limit": "64", "cpu.set": "9" },
      save: true,
      dryRun: false,
    });
    expect(await code(bad)).toBe("BAD_VALUE");
    expect(bench.cgroups.writes).toEqual([]);
  });
  test("no such container, no such level, a group that went away", async () => {
    const bench = levelBench("v2");
    expect(await code(bench.levels.set("nobody", request))).toBe("NO_CONTAINER");
    expect(await code(bench.levels.set("web", { ...request, set: { nothing: "1" } }))).toBe("NO_LEVEL");
    for (const path of [...bench.cgroups.files.keys()])
      if (path.startsWith(GROUP)) bench.cgroups.files.delete(path);
    await expect(bench.levels.set("web", request)).rejects.toMatchObject({ code: "FAILED" });
  });
  test("what a host hasn't is listed with the reason and refused", async () => {
    const bench = levelBench("v1");
    bench.cgroups.files.delete("./memory.memsw.limit_in_bytes");
    const row = bench.levels.catalogue().find(({ key }) => key === "memory.swap");
    expect(row).toMatchObject({ supported: false, reason: "the kernel has no memory.memsw.limit_in_bytes" });
    expect(await code(bench.levels.set("web", { ...request, set: { "memory.swap": "0" } }))).toBe(
      "UNSUPPORTED",
    );
    expect(() => bench.levels.parseRequest({ "memory.swap": "0" })).toThrow("can't be set on this host");
    for (const path of [...bench.cgroups.files.keys()])
      if (path.includes("memsw")) bench.cgroups.files.delete(path);
    expect((await bench.levels.set("web", { ...request, set: { "memory.limit": "64M" } })).applied).toEqual({
      "memory.limit": 64 * MIB,
    });
  });
  test("entries of containers that are gone don't pile up", async () => {
    const bench = levelBench("v2");
    await bench.levels.set("web", request);
    expect(bench.store.settings.get("levels.live")).toContain("uuid-of-web");
    const record = bench.store.containers.get("web")!;
    bench.levels.startValues(record, false);
    expect(bench.store.settings.get("levels.live")).toBe("{}");
  });
});

describe("a start", () => {
  const lines = (bench: LevelBench) =>
    bench.levels
      .startValues(bench.store.containers.get("web")!, false)
      .files.map(
        ({ controller, file, value, nested }) =>
          `${controller}/${file} = ${value}${nested ? ", inside first" : ""}`,
      );
  test("writes what differs from a new group, by the dialect's names", () => {
    const saved = { "memory.limit": 512 * MIB, "memory.swap": 0, "cpu.limit": 0.5, "cpu.set": "0" };
    expect(lines(levelBench("v1", saved))).toEqual([
      `memory/memory.limit_in_bytes = ${512 * MIB}`,
      `memory/memory.memsw.limit_in_bytes = ${512 * MIB}`,
      "memory/memory.soft_limit_in_bytes = 0",
      "cpu/cpu.cfs_quota_us = 50000",
      "cpuset/cpuset.cpus = 0, inside first",
      "pids/pids.max = 2048",
      "unified/cgroup.max.descendants = 2048",
    ]);
    expect(lines(levelBench("v2", saved))).toEqual([
      `memory/memory.max = ${512 * MIB}`,
      "memory/memory.swap.max = 0",
      "cpu/cpu.max = 50000 100000",
      "cpuset/cpuset.cpus = 0",
      "pids/pids.max = 2048",
      "unified/cgroup.max.descendants = 2048",
    ]);
  });
  test("is refused with one line when the host can't do a saved level any more", () => {
    expect(() => lines(levelBench("v1", { "cpu.set": "0-7" }))).toThrow(
      `"web" has cpu.set=0-7 saved, and this host can't do it: names a CPU that isn't online (0-3)`,
    );
  });
  test("every level of the table has its setting on both dialects, or a reason why not", () => {
    for (const dialect of ["v1", "v2"] as const)
      for (const { key, without } of LEVELS)
        expect([key, settingsOf([key], dialect).length > 0]).toEqual([key, without?.[dialect] === undefined]);
  });
});

test("counters give held, peak, limit and failures, the groups below counted where they count alone", async () => {
  const bench = levelBench("v1");
  bench.cgroups.files.set(`${GROUP}/memory.failcnt`, "3");
  bench.cgroups.files.set(`${GROUP}/guest/memory.failcnt`, "100");
  bench.cgroups.files.set(`${GROUP}/guest/memory.oom_control`, "under_oom 0\noom_kill 4");
  bench.cgroups.files.set(`${GROUP}/guest/pids.events`, "max 5");
  const counters = Object.fromEntries(
    (await bench.levels.readCounters("web")).map((each) => [each.key, each]),
  );
  expect(counters["memory.limit"]).toEqual({ key: "memory.limit", held: 0, peak: 0, limit: null, fail: 7 });
  expect(counters["pids.limit"]).toEqual({ key: "pids.limit", held: 1, peak: 1, limit: null, fail: 5 });
  expect(bench.levels.usage(GROUP)).toEqual({ memory: 0, tasks: 1 });
});

test("memory that is kept for containers is kept for the group above them too, as much as they have together", async () => {
  const bench = levelBench("v2");
  const above = () => ["memory.min", "memory.low"].map((file) => bench.cgroups.files.get(`warren/${file}`));
  const set = (levels: Record<string, string>) =>
    bench.levels.set("web", { set: levels, save: false, dryRun: false });
  await set({ "memory.guarantee": "64M", "memory.low": "128M" });
  expect(above()).toEqual([String(64 * MIB), String(128 * MIB)]);
  await set({ "memory.guarantee": "32M" });
  expect(above()).toEqual([String(32 * MIB), String(128 * MIB)]);
  bench.pid = null;
  await bench.levels.giveAbove(bench.store.containers.get("web")!);
  expect(above()).toEqual(["0", "0"]);
});
