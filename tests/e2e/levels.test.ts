/** Every level that this host has, on one container, through the program: at once, saved, after a reboot from within. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import type { LevelCatalogueRow, LevelState } from "../../src/spec/level.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { describe, test, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
);
let d: TestDaemon;
beforeAll(async () => {
  if (missing === null) d = await testDaemon();
});
afterAll(() => d?.[Symbol.asyncDispose]());

/** What a level of each unit can be; a guest of busybox still boots and is entered with all of them. */
const OF_UNIT: Record<LevelCatalogueRow["unit"], [text: string, value: number | string]> = {
  bytes: ["64M", 64 * 1024 ** 2],
  "bytes/s": ["20M", 20 * 1024 ** 2],
  "bits/s": ["40Mbit", 40_000_000],
  count: ["300", 300],
  weight: ["250", 250],
  cpus: ["150%", 1.5],
  cpuset: ["0", "0"],
  seconds: ["5ms", 0.005],
  switch: ["on", "on"],
  score: ["100", 100],
  devices: ["none", ""],
};
const OF_KEY: Record<string, [string, number | string]> = {
  "hugetlb.1G": ["1G", 1024 ** 3],
  "memory.high": ["60M", 60 * 1024 ** 2],
  "memory.low": ["8M", 8 * 1024 ** 2],
  "memory.guarantee": ["4M", 4 * 1024 ** 2],
  "rlimit.memlock": ["1M", 1024 ** 2],
  "rlimit.msgqueue": ["64K", 65_536],
  "rlimit.stack": ["8M", 8 * 1024 ** 2],
  "rlimit.as": ["2G", 2 * 1024 ** 3],
};

describe("all levels", () => {
  let wanted: Record<string, number | string>;
  const inForce = async (): Promise<Record<string, unknown>> => {
    const state = (await d.json("get", "web")) as Record<string, LevelState>;
    return Object.fromEntries(Object.keys(wanted).map((key) => [key, state[key]?.effective]));
  };
  /** An idle group has no weight, so that one waits. */
  const expected = () => ({
    ...wanted,
    ...("cpu.idle" in wanted ? { "cpu.weight": expect.anything() } : {}),
  });

  test("are set live in one call, at least twenty-four of them, and init goes on", async () => {
    const rows = (await d.json("levels")) as LevelCatalogueRow[];
    const able = rows.filter((row) => row.supported && row.live);
    const chosen = able.map(({ key, unit }) => [key, ...(OF_KEY[key] ?? OF_UNIT[unit]!)] as const);
    expect(chosen.length).toBeGreaterThanOrEqual(24);
    for (const row of rows.filter((each) => !each.supported)) expect(row.reason).toBeString();
    wanted = Object.fromEntries(chosen.map(([key, , value]) => [key, value]));

    await d.ok("launch", "busybox", "web");
    const { initPid } = await d.json("info", "web");
    await d.ok("set", "web", ...chosen.map(([key, text]) => `${key}=${text}`), "--save");
    expect(await inForce()).toEqual(expected());
    expect((await d.json("info", "web")).initPid).toBe(initPid);
    expect(await d.sh("web", "echo works")).toBe("works");
    if ("cpu.idle" in wanted) {
      await d.ok("set", "web", "cpu.idle=off", "--save");
      wanted["cpu.idle"] = "off";
    }
    expect(await inForce()).toEqual(wanted);
  }, 60_000);

  test("come back with a start", async () => {
    await d.ok("restart", "web", "--force");
    expect(await inForce()).toEqual(wanted);
  }, 60_000);

  test("come back with a reboot from within while no daemon runs", async () => {
    const { initPid } = await d.json("info", "web");
    await d.kill();
    process.kill(initPid, "SIGINT");
    await until("it runs again", async () => (await Bun.file(`/proc/${initPid}/status`).exists()) === false);
    await d.start();
    await until("it was found", async () => ((await d.json("info", "web")).initPid ?? initPid) !== initPid);
    expect(await inForce()).toEqual(wanted);
  }, 60_000);

  test("one bad value among them leaves all as they were", async () => {
    const { code, stderr } = await d.warren(["set", "web", "pids.limit=77", "cpu.nodes=99", "cpu.weight=7"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("cpu.nodes=99 names a memory node")]);
    expect(await inForce()).toEqual(wanted);
    await d.ok("delete", "web", "--force");
  });
});

describe("equal memory", () => {
  const KSM = "/sys/kernel/mm/ksm";
  const switches = ["run", "pages_to_scan", "sleep_millisecs"];
  let before: string[];
  beforeAll(() => {
    if (missing === null) before = switches.map((name) => readFileSync(`${KSM}/${name}`, "utf8"));
  });
  afterAll(() => {
    if (missing === null)
      for (const [i, name] of switches.entries()) writeFileSync(`${KSM}/${name}`, before[i]!);
  });
  const heldBy = async (name: string): Promise<number> => {
    const counters = (await d.json("counters", name)) as { key: string; held: number }[];
    return counters.find(({ key }) => key === "memory.merge")?.held ?? 0;
  };

  test("is kept once in a container that was started so, and in no other", async () => {
    for (const [i, value] of ["1", "5000", "10"].entries()) writeFileSync(`${KSM}/${switches[i]}`, value);
    await d.ok("launch", "busybox", "merged", "--set", "memory.merge=on");
    await d.ok("launch", "busybox", "apart");
    // A child of init: programs of exec come from elsewhere.
    const hold = `x=$(head -c 4000000 /dev/zero | tr '\\0' x); sleep 1000`;
    const add = `printf '%s\\n' '#!/bin/sh' "$1" > /hold; chmod +x /hold; echo ::respawn:/hold >> /etc/inittab; kill -HUP 1`;
    for (const name of ["merged", "apart"]) await d.ok("exec", name, "--", "sh", "-c", add, "sh", hold);
    await until("pages are shared", async () => (await heldBy("merged")) > 1024 ** 2);
    expect(await heldBy("apart")).toBe(0);
    expect(readFileSync(`/proc/${d.pid()}/ksm_stat`, "utf8")).toContain("ksm_merging_pages 0");
    // Whether it is merged is decided at a start: refused live, pending when saved.
    expect((await d.warren(["set", "merged", "memory.merge=off"])).code).toBe(5);
    await d.ok("set", "merged", "memory.merge=off", "--save");
    expect((await d.json("get", "merged"))["memory.merge"]).toMatchObject({
      effective: "on",
      pending: "off",
    });
    await d.ok("restart", "merged", "--force");
    expect((await d.json("get", "merged"))["memory.merge"]).toMatchObject({
      effective: "off",
      pending: null,
    });
    await d.ok("delete", "--all", "--force");
  }, 120_000);
});
