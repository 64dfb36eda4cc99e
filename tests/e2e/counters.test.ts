/** Counters and their events on real containers, over reboots from within and ends of the daemon. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import type { Counter } from "../../src/spec/counter.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
  "tar",
);

interface Event {
  seq: number;
  type: string;
  container?: string;
  details: Record<string, unknown>;
}
const WATCH = {
  every: 0.2,
  share: 0.2,
  repeat: 2,
  throttledFor: 0.5,
  pressureFor: 0,
  pressure: { cpu: 0.05, memory: null, io: null },
};
let d: TestDaemon;
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon(false);
  mkdirSync(d.instance.etc, { recursive: true });
  writeFileSync(`${d.instance.etc}/config.json`, JSON.stringify({ watch: WATCH }));
  await d.start();
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose](), 60_000);

const events = async (name: string, type: string): Promise<Event[]> =>
  (await d.ok("events", "-o", "json"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event)
    .filter((event) => event.container === name && event.type === type);
const told = (name: string, type: string, holds: (event: Event) => boolean = () => true): Promise<Event> =>
  until(`an event ${type}`, async () => (await events(name, type)).find(holds), 30_000);
const counter = async (name: string, key: string): Promise<Counter> => {
  const rows: Counter[] = await d.json("counters", name);
  const found = rows.find((row) => row.key === key);
  if (!found) throw new Error(`no counter ${key} of ${name}`);
  return found;
};
const hog = (name: string) =>
  d.warren(["exec", "-T", "-n", name, "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=100M", "count=1"]);
const bomb = (name: string) =>
  d.warren(["exec", "-T", "-n", name, "--", "sh", "-c", "for i in $(seq 60); do sleep 1 & done; wait"]);

test("a memory hog is counted and named; what happened while no daemon ran is heard later; totals go on over a reboot from within", async () => {
  await d.ok("launch", "busybox", "hog", "--set", "memory.limit=32M", "--set", "memory.swap=0");
  expect(await counter("hog", "memory.limit")).toMatchObject({
    fail: 0,
    firstFail: null,
    lastProcess: null,
    reboots: 0,
    limit: 32 * 1024 ** 2,
  });
  expect((await hog("hog")).code).toBe(137);
  const kill = await told("hog", "oom-kill");
  expect(kill.details).toMatchObject({ process: "dd", cause: "limit", count: 1 });
  expect(kill.details.memory).toBeGreaterThan(20 * 1024 ** 2);
  await told("hog", "level-hit", ({ details }) => details.key === "memory.limit");
  const first = await counter("hog", "memory.limit");
  expect(first.fail).toBeGreaterThan(0);
  expect(first.lastProcess).toMatchObject({ name: "dd", pid: kill.details.pid });
  expect(first.peak).toBeGreaterThan(20 * 1024 ** 2);

  // The guest's own doing, with nobody there to see it.
  await d.sh(
    "hog",
    "(sleep 2; dd if=/dev/zero of=/dev/null bs=100M count=1; touch /killed) </dev/null >/dev/null 2>&1 &",
  );
  await d.kill();
  await Bun.sleep(4000);
  await d.start();
  const second = await until("the kill is known", async () => {
    const row = await counter("hog", "memory.limit");
    return row.lastProcess?.pid === first.lastProcess?.pid ? null : row;
  });
  expect(await d.sh("hog", "ls /killed")).toBe("/killed");
  expect(second.fail).toBeGreaterThan(first.fail ?? 0);
  expect([second.firstFail, second.since]).toEqual([first.firstFail, first.since]);
  expect(Date.parse(second.lastFail ?? "")).toBeGreaterThan(Date.parse(first.lastFail ?? ""));

  await d.warren(["exec", "-T", "-n", "hog", "--", "reboot"]);
  const rebooted = await until("it rebooted", async () => {
    const row = await counter("hog", "memory.limit");
    return row.reboots === 1 ? row : null;
  });
  expect(rebooted).toMatchObject({ fail: second.fail, since: second.since, firstFail: first.firstFail });
  expect(Date.parse(rebooted.rebooted ?? "")).toBeGreaterThan(Date.parse(second.lastFail ?? ""));
  expect((await hog("hog")).code).toBe(137);
  const third = await until("it is counted on", async () => {
    const row = await counter("hog", "memory.limit");
    return (row.fail ?? 0) > (second.fail ?? 0) ? row : null;
  });
  expect(third.since).toBe(first.since);

  // A new start counts from nothing.
  await d.ok("restart", "--force", "hog");
  expect(await counter("hog", "memory.limit")).toMatchObject({ fail: 0, reboots: 0, lastProcess: null });
  await d.ok("delete", "-y", "--force", "hog");
}, 120_000);

test("a fork bomb is counted; an event a while tells how often, and that the level is near", async () => {
  await d.ok("launch", "busybox", "bomb", "--set", "pids.limit=20");
  await bomb("bomb");
  const hit = await told("bomb", "level-hit");
  expect(hit.details).toMatchObject({ key: "pids.limit", limit: 20 });
  expect(hit.details.count).toBeGreaterThan(0);
  for (let n = 0; n < 5; n++) await bomb("bomb");
  const { fail } = await counter("bomb", "pids.limit");
  expect(fail).toBeGreaterThan(3);
  const sum = async () =>
    (await events("bomb", "level-hit")).reduce((all, { details }) => all + Number(details.count), 0);
  await until("every refusal is in some event", async () => (await sum()) === fail, 20_000);
  expect((await events("bomb", "level-hit")).length).toBeLessThan(fail ?? 0);
  const failing: Counter[] = await d.json("counters", "-q", "bomb");
  expect(failing.map((row) => row.key)).toContain("pids.limit");
  expect(failing.map((row) => row.key)).not.toContain("cpu.weight");
  await d.ok("delete", "-y", "--force", "bomb");
  expect((await d.warren(["counters", "bomb"])).code).toBe(3);
}, 90_000);

test("a spinner that is throttled for long is told once; its waiting is pressure where the kernel tells", async () => {
  await d.ok("launch", "busybox", "spin", "--set", "cpu.limit=10%", "--set", "pids.limit=20");
  await d.sh("spin", "(while :; do :; done) </dev/null >/dev/null 2>&1 &");
  const throttled = await told("spin", "cpu-throttled");
  expect(throttled.details).toMatchObject({ key: "cpu.limit", limit: 0.1 });
  expect(throttled.details.share).toBeGreaterThanOrEqual(0.5);
  expect((await counter("spin", "cpu.limit")).fail).toBeGreaterThan(0);
  if (await Bun.file("/proc/pressure/cpu").exists()) {
    const { details } = await told("spin", "pressure");
    expect(details).toMatchObject({ resource: "cpu" });
    expect(details.some).toBeGreaterThanOrEqual(0.05);
  }
  // Being throttled is no news each second, and no hit of a limit.
  expect(await events("spin", "cpu-throttled")).toHaveLength(1);
  expect((await events("spin", "level-hit")).filter(({ details }) => details.key === "cpu.limit")).toEqual(
    [],
  );
  const { fail } = await counter("spin", "cpu.limit");
  await d.kill();
  await d.start();
  expect((await counter("spin", "cpu.limit")).fail).toBeGreaterThanOrEqual(fail ?? 0);
  await d.ok("delete", "-y", "--force", "spin");
}, 90_000);
