/** Profiles and the host's commitments through the program, on real containers. */
import { afterAll, beforeAll, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
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

const MIB = 1024 ** 2;
const levels = async (name: string) => (await d.json("info", name)).levels;
const limits = async (name: string) => {
  const { "memory.limit": memory, "pids.limit": pids, "cpu.weight": weight } = await levels(name);
  return { memory, pids, weight };
};
const initOf = async (name: string): Promise<number> => (await d.json("info", name)).initPid;
/** A level of the table that this host can't do, with the reason; each host lacks some. */
const lacking = async (): Promise<{ key: string; default: unknown; reason: string } | undefined> =>
  (await d.json("levels")).find((row: { supported: boolean }) => !row.supported);

describe("profiles", () => {
  test("are made, changed, renamed, copied, exported, imported and deleted; those of Warren stay", async () => {
    await d.ok(
      "profile",
      "create",
      "web",
      "numproc=300",
      "memory.limit=1%",
      "--priority",
      "7",
      "--description",
      "a site",
    );
    expect(await d.json("profile", "show", "web")).toMatchObject({
      name: "web",
      description: "a site",
      levels: { "pids.limit": "300", "memory.limit": "1%" },
      priority: 7,
      builtin: false,
    });
    await d.ok("profile", "set", "web", "memory.limit=64M", "--unset", "pids.limit", "--priority", "none");
    await d.ok("profile", "rename", "web", "site");
    await d.ok("profile", "create", "copy", "--from", "site", "pids.limit=9");
    const form = await d.ok("profile", "export", "copy");
    expect(Bun.YAML.parse(form)).toEqual({
      name: "copy",
      description: "a site",
      levels: { "memory.limit": "64M", "pids.limit": "9" },
    });
    const file = join(d.dir, "copy.yaml");
    writeFileSync(file, form);
    expect((await d.warren(["profile", "import", file])).code).toBe(4);
    await d.ok("profile", "import", file, "again");
    await d.ok("profile", "import", file, "again", "--replace");
    expect((await d.json("profile", "show", "again")).version).toBe(2);
    const names = (await d.json("profile", "list")).map(({ name }: { name: string }) => name);
    expect(names).toEqual(["nano", "small", "medium", "large", "again", "copy", "site"]);
    for (const [code, ...args] of [
      [5, "set", "small", "pids.limit=1"],
      [5, "delete", "small"],
      [4, "create", "small"],
      [4, "rename", "site", "copy"],
      [3, "show", "web"],
      [3, "set", "site", "--unset", "pids.limit"],
      [3, "create", "x", "nothing.limit=1"],
      [2, "create", "x", "pids.limit=0"],
      [2, "create", "X"],
    ] as const)
      expect([args, (await d.warren(["profile", ...args])).code]).toEqual([args, code]);
    await d.ok("profile", "delete", "again", "copy", "site");
    expect(await d.json("profile", "list")).toHaveLength(4);
    const types = (await d.ok("events", "-o", "json")).match(/"type":"profile-\w+"/g) ?? [];
    expect(new Set(types)).toEqual(new Set(['"type":"profile-saved"', '"type":"profile-deleted"']));
  });

  test("a container made with several: the later one's levels hold, and its own above all", async () => {
    await d.ok(
      "profile",
      "create",
      "first",
      "memory.limit=48M",
      "pids.limit=90",
      "cpu.weight=300",
      "--priority",
      "4",
    );
    await d.ok("profile", "create", "second", "memory.limit=64M");
    await d.ok("launch", "busybox", "a", "--profile", "first", "--profile", "second", "--set", "numproc=70");
    expect(await d.json("info", "a")).toMatchObject({
      profiles: ["first", "second"],
      priority: 4,
      levels: { "memory.limit": 64 * MIB, "pids.limit": 70, "cpu.weight": 300 },
    });
    expect(await d.sh("a", "awk '/^MemTotal/ {print $2}' /proc/meminfo")).toBe(String(64 * 1024));
    expect((await d.warren(["create", "busybox", "x", "--profile", "none"])).code).toBe(3);
    expect((await d.warren(["info", "x"])).code).toBe(3);
  });

  test("changing one changes no container; applying it does, at once, with the same init", async () => {
    const init = await initOf("a");
    await d.ok("profile", "set", "first", "pids.limit=55");
    expect((await limits("a")).pids).toBe(70);
    await d.ok("profile", "apply", "first", "a");
    expect(await limits("a")).toEqual({ memory: 48 * MIB, pids: 55, weight: 300 });
    expect(await initOf("a")).toBe(init);
    // Not saved, so its next start is without.
    await d.ok("restart", "a", "--force");
    expect(await limits("a")).toEqual({ memory: 64 * MIB, pids: 70, weight: 300 });
    expect((await d.json("info", "a")).profiles).toEqual(["first", "second"]);
  });

  test("applied to many, each is changed whole or not at all, and each failure is told", async () => {
    await d.ok("launch", "busybox", "b");
    await d.ok("create", "busybox", "c");
    const before = await limits("b");
    // In b something holds more memory than the profile leaves, and won't give it back.
    await d.sh(
      "b",
      "mkdir /hold && mount -t tmpfs none /hold && dd if=/dev/zero of=/hold/f bs=1M count=40 2>/dev/null",
    );
    await d.ok("profile", "create", "tight", "pids.limit=33", "memory.limit=16M");
    const { code, stdout, stderr } = await d.warren(["profile", "apply", "tight", "a", "b", "c", "none"]);
    expect(code).toBe(6);
    expect(stdout).toMatch(/^a: in force now[^\n]*\n$/);
    expect(stderr).toMatch(/^warren: b: memory\.limit can't go down to 16MiB: .* nothing was changed/m);
    expect(stderr).toMatch(/^warren: "c" doesn't run/m);
    expect(stderr).toMatch(/^warren: there is no container "none"/m);
    expect(await limits("a")).toMatchObject({ memory: 16 * MIB, pids: 33 });
    expect(await limits("b")).toEqual(before);
    const applied = await d.warren(["profile", "apply", "tight", "b", "c", "-o", "json"]);
    expect(applied.code).toBe(5);
    const { outcomes } = JSON.parse(applied.stdout);
    expect(
      outcomes.map(({ container, error }: { container: string; error: { code: string } }) => [
        container,
        error.code,
      ]),
    ).toEqual([
      ["b", "REFUSED"],
      ["c", "NOT_RUNNING"],
    ]);
  });

  test("with --save and --all: those that run and those that don't, also after a restart", async () => {
    await d.ok("profile", "create", "loose", "pids.limit=222", "--priority", "9");
    await d.ok("profile", "apply", "loose", "--all", "--save");
    for (const name of ["a", "b", "c"]) {
      const { profiles, priority } = await d.json("info", name);
      expect([name, (await limits(name)).pids, profiles.at(-1), priority]).toEqual([name, 222, "loose", 9]);
    }
    await d.ok("restart", "a", "--force");
    expect((await limits("a")).pids).toBe(222);
    await d.ok("copy", "a", "d");
    expect(await d.json("info", "d")).toMatchObject({ profiles: ["first", "second", "loose"], priority: 9 });
  });

  test("what this host can't do is refused with the reason, or left out and told", async () => {
    const row = await lacking();
    if (!row) return;
    await d.ok("profile", "create", "far", `${row.key}=${row.default ?? "unlimited"}`, "pids.limit=111");
    const refused = await d.warren(["profile", "apply", "far", "a"]);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain(`${row.key}: ${row.reason}`);
    expect((await limits("a")).pids).toBe(222);
    const skipped = await d.warren(["profile", "apply", "far", "a", "--skip-unsupported"]);
    expect(skipped.code).toBe(0);
    expect(skipped.stderr).toStartWith(`warren: left out: ${row.key}=`);
    expect((await limits("a")).pids).toBe(111);
    expect((await d.warren(["create", "busybox", "e", "--profile", "far"])).code).toBe(5);
    const made = await d.warren(["create", "busybox", "e", "--profile", "far", "--skip-unsupported"]);
    expect([made.code, made.stderr]).toEqual([0, expect.stringContaining(`left out: ${row.key}=`)]);
  });

  test("an OpenVZ configuration becomes one, with a list of what has no meaning today", async () => {
    const file = join(d.dir, "ve-tiny.conf-sample");
    const text =
      'KMEMSIZE="14372700:14790164"\nPRIVVMPAGES="65536:69632"\nNUMPROC="240:240"\nPHYSPAGES="0:unlimited"\n';
    writeFileSync(file, `${text}CPUUNITS="1000"\nIP_ADDRESS="10.0.0.1"\n`);
    const said = await d.ok("profile", "import", file);
    expect(said).toMatch(/^KMEMSIZE +14372700:14790164 +kernel memory is counted within memory.limit/m);
    expect(said).toMatch(/^IP_ADDRESS +10\.0\.0\.1 +belongs to one container/m);
    expect((await d.json("profile", "show", "openvz-tiny")).levels).toEqual({
      "memory.limit": "272MiB",
      "pids.limit": "240",
      "cpu.weight": "100",
    });
    await d.ok("profile", "apply", "openvz-tiny", "a");
    expect(await limits("a")).toEqual({ memory: 272 * MIB, pids: 240, weight: 100 });
    for (const name of ["openvz-basic", "openvz-light", "openvz-vswap-1g"])
      await d.ok("profile", "import", join(import.meta.dir, `../../packaging/profiles/${name}.yaml`));
  });

  test("profiles outlive the daemon", async () => {
    const before = await d.json("profile", "list");
    await d.kill();
    await d.start();
    expect(await d.json("profile", "list")).toEqual(before);
  });
});

describe("the host", () => {
  test("tells what its containers hold and were promised, for people and for scripts", async () => {
    const { memory, commitment } = await d.json("host", "info");
    expect(commitment.memory.capacity).toBe(memory.total);
    const running = (await d.json("list")).filter(({ state }: { state: string }) => state === "running");
    const promised = await Promise.all(
      running.map(async ({ name }: { name: string }) => (await limits(name)).pids),
    );
    expect(commitment.pids.promised.amount).toBe(
      promised.reduce((sum: number, each: number) => sum + each, 0),
    );
    expect(commitment.pids.held.amount).toBeGreaterThanOrEqual(running.length);
    // b holds 40 MiB in a file system of its memory.
    expect(commitment.memory.held.amount).toBeGreaterThan(40 * MIB);
    expect(commitment.memory.held.ratio).toBeCloseTo(commitment.memory.held.amount / memory.total, 6);
    const said = await d.ok("host", "info");
    expect(said).toMatch(/^memory\.total: +[\d.]+GiB$/m);
    expect(said).toMatch(
      /^commitment\.memory: +[\d.]+[MG]iB held of [\d.]+GiB \(\d+%\), guaranteed \d+%, .*promised \d+%/m,
    );
  });

  test("proposes equal levels that it has, and keeps them as a profile", async () => {
    const { levels } = await d.json("host", "split", "10", "--save-as", "tenth");
    expect((await d.json("profile", "show", "tenth")).levels).toEqual(levels);
    const { memory } = await d.json("host", "info");
    await d.ok("profile", "apply", "tenth", "a");
    const limit = (await limits("a")).memory;
    expect(limit * 10).toBeLessThanOrEqual(memory.total * 0.9);
    expect(limit * 10).toBeGreaterThan(memory.total * 0.85);
    expect((await d.warren(["host", "split", "100000"])).code).toBe(5);
    expect((await d.warren(["host", "split", "0"])).code).toBe(2);
  });

  test("keeps no more than it has: a guarantee beyond it is refused, unless that is wanted", async () => {
    const row = (await d.json("levels")).find(({ key }: { key: string }) => key === "memory.guarantee");
    const set = (...more: string[]) => d.warren(["set", "a", "memory.guarantee=60%", ...more]);
    if (!row.supported) {
      expect((await set()).code).toBe(5);
      return;
    }
    await d.ok("set", "b", "memory.guarantee=60%");
    const refused = await set();
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/can't be kept for "a": 1 other that runs has .* add --overcommit/);
    expect((await levels("a"))["memory.guarantee"]).toBe(0);
    expect((await d.warren(["launch", "busybox", "f", "--set", "memory.guarantee=60%"])).code).toBe(5);
    expect((await d.warren(["info", "f"])).code).toBe(3);
    expect((await set("--overcommit", "--save")).code).toBe(0);
    // What was allowed for good doesn't keep it from its next start.
    await d.ok("restart", "a", "--force");
    expect((await levels("a"))["memory.guarantee"]).toBeGreaterThan(0);
    expect((await d.json("host", "info")).commitment.memory.guaranteed.ratio).toBeGreaterThan(1.1);
  });
});
