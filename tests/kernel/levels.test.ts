/** Levels on this machine's own control groups: the kernel's value, and what it does to a workload. */
import { afterAll, afterEach, beforeEach, expect } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { createLevels, type Levels } from "../../src/engine/level.ts";
import { capacity } from "../../src/host/capacity/index.ts";
import { type Cgroups, openCgroups } from "../../src/host/cgroup/index.ts";
import type { ContainerRecord } from "../../src/spec/container.ts";
import { instanceOf } from "../../src/spec/instance.ts";
import type { LevelCounter } from "../../src/spec/level.ts";
import { openStore } from "../../src/store/sqlite.ts";
import { eventually, makeGroup, runIn } from "../helpers/cgroup-real.ts";
import { containerRecord, TARGET } from "../helpers/levels.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const TOP = `warren-test-${process.pid}-levels`;
const GROUP = `${TOP}/web`;
const GUEST = `${GROUP}/guest`;
const CACHE = `/var/tmp/${TOP}`;

const { test, missing } = requires("root");
let cgroups: Cgroups;
let levels: Levels;
let record: () => ContainerRecord | undefined;
let started: Bun.Subprocess[] = [];

const start = (argv: string[], group = GUEST) => {
  const child = runIn(cgroups, group, argv);
  started.push(child);
  return child;
};
const shell = (script: string, group = GUEST) => start(["/bin/sh", "-c", script], group);
const set = (change: Record<string, string>, save = false) =>
  levels.set("web", { set: change, save, dryRun: false });
const effective = async (key: string) => (await levels.get("web"))[key]?.effective;
const counter = async (key: string): Promise<LevelCounter> =>
  (await levels.readCounters("web")).find((each) => each.key === key)!;
const cpusOf = (pid: number) =>
  /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];

if (missing === null) {
  beforeEach(() => {
    cgroups = openCgroups();
    makeGroup(cgroups, TOP);
    makeGroup(cgroups, GROUP);
    makeGroup(cgroups, GUEST);
    const store = openStore(":memory:");
    store.containers.insert("web", containerRecord("web"));
    record = () => store.containers.get("web");
    levels = createLevels({
      store,
      cgroups,
      events: { emit: (event) => ({ ...event, seq: 1, time: "" }) },
      instance: { ...instanceOf(undefined), tag: TOP.slice("warren-".length) },
      hostFacts: () => capacity(),
      doors: {},
      running: () => ({ ...TARGET, cgroup: GROUP, pid: 1 }),
    });
  });
  afterEach(async () => {
    await cgroups.kill(TOP);
    for (const child of started) child.kill("SIGKILL");
    await Promise.all(started.map(({ exited }) => exited));
    started = [];
    await cgroups.remove(TOP);
    expect(cgroups.exists(TOP, "pids")).toBe(false);
  });
  afterAll(() => rmSync(CACHE, { force: true }));
}

test("every supported level holds what was asked for", async () => {
  const cpu = capacity().cpus.split(/[-,]/)[0]!;
  const wanted = {
    "memory.limit": "64M",
    "memory.swap": "16M",
    "cpu.weight": "250",
    "cpu.limit": "150%",
    "cpu.set": cpu,
    "pids.limit": "333",
  };
  const supported = new Set(levels.catalogue().flatMap(({ key, supported: can }) => (can ? [key] : [])));
  const change = Object.fromEntries(Object.entries(wanted).filter(([key]) => supported.has(key)));
  const { applied } = await set(change, true);
  expect(Object.keys(applied).length).toBeGreaterThanOrEqual(5);
  for (const [key, value] of Object.entries(applied))
    expect([key, await effective(key)]).toEqual([key, value]);
  expect(record()?.levels).toEqual(applied);
  // And back to none in one change, loosening in the other order.
  const free = Object.keys(change).filter((key) => key !== "cpu.weight");
  await set(Object.fromEntries(free.map((key) => [key, "unlimited"])));
  for (const key of free.filter((each) => each !== "cpu.set"))
    expect([key, await effective(key)]).toEqual([key, null]);
  await levels.apply("web");
  for (const [key, value] of Object.entries(applied))
    expect([key, await effective(key)]).toEqual([key, value]);
});

test("a fork bomb ends at the limit and is counted", async () => {
  await set({ "pids.limit": "20" });
  const bomb = shell("for i in $(seq 100); do sleep 100 & done; wait");
  await eventually("a fork was refused", async () => Number((await counter("pids.limit")).fail) > 0);
  expect(Number((await counter("pids.limit")).held)).toBeLessThanOrEqual(20);
  expect((await counter("pids.limit")).limit).toBe(20);
  await bomb.exited;
});

test("a memory hog is killed inside, and its peak stays below the limit", async () => {
  await set({ "memory.limit": "32M", "memory.swap": "0" });
  const hog = start(["dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1"]);
  expect(await hog.exited).toBe(137);
  const { fail, peak, limit } = await counter("memory.limit");
  expect(limit).toBe(32 * MIB);
  expect(Number(peak)).toBeLessThanOrEqual(32 * MIB);
  expect(Number(fail)).toBeGreaterThan(0);
});

test("a limit below what is held and can't be given back is refused with the figure, nobody killed", async () => {
  await set({ "memory.limit": "256M", "memory.swap": "0" });
  const holder = shell('x=$(head -c 48000000 /dev/zero | tr "\\0" x); echo ready; sleep 100');
  await holder.stdout.getReader().read();
  const refused = set({ "memory.limit": "16M", "pids.limit": "50" }, true);
  const error = await refused.then(
    () => null,
    (thrown) => thrown,
  );
  expect(error).toMatchObject({ code: "REFUSED", details: { key: "memory.limit" } });
  expect(error.details.held).toBeGreaterThan(40 * MIB);
  expect(await effective("memory.limit")).toBe(256 * MIB);
  expect(await effective("pids.limit")).toBe(null);
  expect(record()?.levels).toEqual({});
  expect(holder.exitCode).toBe(null);
});

test("a limit below the page cache held takes it back and holds", async () => {
  await set({ "memory.limit": "256M", "memory.swap": "0" });
  const writer = start(["dd", "if=/dev/zero", `of=${CACHE}`, "bs=1M", "count=64", "conv=fsync"]);
  expect(await writer.exited).toBe(0);
  expect(Number((await counter("memory.limit")).held)).toBeGreaterThan(32 * MIB);
  await set({ "memory.limit": "16M" });
  expect(await effective("memory.limit")).toBe(16 * MIB);
  expect(Number((await counter("memory.limit")).held)).toBeLessThanOrEqual(16 * MIB);
});

test("a CPU limit throttles, and groups of the guest can't keep it from going down", async () => {
  const greedy = `${GUEST}/greedy`;
  makeGroup(cgroups, greedy);
  await set({ "cpu.limit": "2" });
  // Only v1 lets a group below keep its parent from going down.
  if (cgroups.dialect === "v1") await cgroups.write(greedy, "cpu", "cpu.cfs_quota_us", "100000");
  shell("while :; do :; done", greedy);
  await eventually("it is in its group", () => cgroups.processes(greedy).length > 0);
  await set({ "cpu.limit": "10%" });
  expect(await effective("cpu.limit")).toBe(0.1);
  await eventually("it was throttled", async () => Number((await counter("cpu.limit")).fail) > 1);
});

test("CPUs follow while a process runs, in the guest's own groups too", async () => {
  const all = capacity().cpus;
  const first = all.split(/[-,]/)[0]!;
  const last = all.split(/[-,]/).at(-1)!;
  const deep = `${GUEST}/deep`;
  makeGroup(cgroups, deep);
  const sleeper = start(["sleep", "100"], deep);
  await eventually("it is in its group", () => cgroups.processes(deep).includes(sleeper.pid));
  for (const cpus of [first, last, all, last]) {
    await set({ "cpu.set": cpus });
    expect(await effective("cpu.set")).toBe(cpus);
    expect(cpusOf(sleeper.pid)).toBe(cpus);
  }
  await set({ "cpu.set": "unlimited" });
  expect(cpusOf(sleeper.pid)).toBe(all);
  expect(sleeper.exitCode).toBe(null);
});

test("a process is found, its group frozen, thawed, not removed, and killed when frozen from inside", async () => {
  const deep = `${GUEST}/deep`;
  makeGroup(cgroups, deep);
  const sleeper = start(["sleep", "100"], deep);
  await eventually("it is in its group", () => cgroups.processes(GROUP).includes(sleeper.pid));
  expect(cgroups.ofPid(sleeper.pid)).toBe(GROUP);
  await cgroups.freeze(GROUP, true);
  expect(cgroups.frozen(GROUP)).toBe(true);
  await cgroups.freeze(GROUP, false);
  expect(cgroups.frozen(GROUP)).toBe(false);
  await expect(cgroups.remove(GROUP)).rejects.toMatchObject({ code: "IN_USE" });
  // A guest may freeze a group of its own, in which nothing would die.
  await cgroups.freeze(deep, true);
  await cgroups.kill(GROUP);
  expect(cgroups.processes(GROUP)).toEqual([]);
  expect(await sleeper.exited).toBe(137);
});
