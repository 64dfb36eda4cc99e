/**
 * The core of Warren on a host as most users have it (cgroup v2 alone, systemd, AppArmor): one container from launch to
 * delete, through everything that could cost it a level. `.ci/run` runs this in the machine of scripts/v2.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/host/exec/index.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { describe, missing } = requires(
  ...(["root", "cgroup-v2", "systemd", "apparmor", "lxc", "lxcfs"] as const),
  ...(["nft", "iproute2", "busybox", "overlay", "idmap"] as const),
);

const MIB = 2 ** 20;
/** What is saved in the course of the test, as the kernel must have it from then on. */
const SAVED = { "memory.max": String(96 * MIB), "cpu.max": "50000 100000", "pids.max": "60" };

let d: TestDaemon;
beforeAll(async () => {
  if (missing === null) d = await testDaemon();
}, 30_000);
afterAll(() => d?.[Symbol.asyncDispose](), 30_000);

describe("the core on a modern host", () => {
  const init = async (): Promise<number> => (await d.json("info", "web")).initPid;
  /** Values in the container's own group, which its guest can't reach. */
  const kernel = (...files: string[]) =>
    Object.fromEntries(
      files.map((file) => {
        const path = join("/sys/fs/cgroup", `warren-${d.instance.tag}`, "web", file);
        return [file, readFileSync(path, "utf8").trim()];
      }),
    );
  const saved = () => kernel(...Object.keys(SAVED));

  test("launch: confined by AppArmor, in its own group, under its levels", async () => {
    await d.ok("launch", "busybox", "web", "--set", "memory.limit=64M", "--set", "pids.limit=40");
    const info = await d.json("info", "web");
    expect(info.state).toBe("running");
    expect(await d.json("version")).toMatchObject({ cgroup: "v2" });
    const proc = (file: string) => readFileSync(`/proc/${info.initPid}/${file}`, "utf8").trim();
    expect(proc("cgroup")).toStartWith(`0::/warren-${d.instance.tag}/web/`);
    expect(proc("attr/apparmor/current")).toMatch(/^lxc-warren.*:lxc-web_warren.*:unconfined \(enforce\)$/);
    expect(await d.sh("web", "mkdir /tmp/pts; mount -t devpts none /tmp/pts 2>&1 || echo refused")).toMatch(
      /denied\s+refused$/,
    );
    expect(await d.sh("web", "mount -t tmpfs none /tmp/pts && umount /tmp/pts && echo mounted")).toBe(
      "mounted",
    );
    expect(Number(proc("uid_map").split(/\s+/)[1])).toBe(info.idmap.base);
    expect(kernel("memory.max", "pids.max")).toEqual({ "memory.max": String(64 * MIB), "pids.max": "40" });
    expect(await d.sh("web", "awk '/^MemTotal/ {print $2}' /proc/meminfo")).toBe(String(64 * 1024));
  }, 30_000);

  test("two containers reach each other by both kinds of address", async () => {
    await d.ok("launch", "busybox", "peer");
    for (const address of (await d.json("info", "peer")).addresses) await d.reaches("web", address);
    await d.ok("delete", "-y", "--force", "peer");
  }, 30_000);

  test("levels change while it runs, all of them or none, and only what is saved is kept", async () => {
    const before = await init();
    await d.ok("set", "web", "memory.limit=96M", "cpu.limit=50%", "pids.limit=60", "--save");
    expect(saved()).toEqual(SAVED);
    expect(await d.sh("web", "awk '/^MemTotal/ {print $2}' /proc/meminfo")).toBe(String(96 * 1024));
    // What init alone holds is more than that: the second is refused, and the first undone.
    const refused = await d.warren(["set", "web", "pids.limit=70", "memory.limit=64K"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("memory.limit");
    expect(saved()).toEqual(SAVED);
    expect(await init()).toBe(before);
  }, 30_000);

  test("the limits hold: a fork bomb ends at its level and is counted", async () => {
    await d.warren(["exec", "-T", "-n", "web", "--", "sh", "-c", "for i in $(seq 80); do sleep 5 & done"]);
    expect(Number(/^max (\d+)$/m.exec(kernel("pids.events")["pids.events"] ?? "")?.[1])).toBeGreaterThan(0);
    expect(Number(kernel("pids.peak")["pids.peak"])).toBeLessThanOrEqual(60);
    await until("the bomb is over", async () => (await d.json("info", "web")).processes < 20);
  }, 30_000);

  for (const verb of ["daemon-reload", "daemon-reexec"])
    test(`systemctl ${verb} takes no level and no process`, async () => {
      const before = await init();
      await run(["systemctl", verb], { timeout: 120_000 });
      await run(["systemctl", "is-system-running", "--wait"], { ok: [0, 1], timeout: 120_000 });
      expect(saved()).toEqual(SAVED);
      expect(await init()).toBe(before);
      expect(await d.strays()).toEqual([]);
    }, 30_000);

  test("a reboot from within: what was saved is in force again, what was not is gone", async () => {
    await d.ok("set", "web", "pids.limit=50");
    expect(kernel("pids.max")).toEqual({ "pids.max": "50" });
    const before = await init();
    // Its own exit code is not certain: init may end it before it has ended.
    await d.warren(["exec", "-T", "-n", "web", "--", "reboot"]);
    await until("it has a new init", async () => ![null, before].includes(await init()));
    expect(saved()).toEqual(SAVED);
    expect(await d.sh("web", "hostname")).toBe("web");
  }, 30_000);

  test("kill -9 of the daemon: it runs on, reboots without it under its levels, and is taken up again", async () => {
    const before = await init();
    await d.kill();
    expect(readFileSync(`/proc/${before}/status`, "utf8")).not.toMatch(/^State:\s+Z/m);
    expect(saved()).toEqual(SAVED);
    await d.start();
    expect(await init()).toBe(before);
    await d.ok("exec", "-T", "-n", "web", "--", "sh", "-c", "(sleep 3; reboot) >/dev/null 2>&1 &");
    await d.kill();
    const runs = join(d.instance.run, "lxc/web/init");
    await until("it rebooted without a daemon", () => readFileSync(runs, "utf8").startsWith("3 "));
    expect(saved()).toEqual(SAVED);
    const again = readFileSync(runs, "utf8").trim().split(" ")[1];
    expect(readFileSync(`/proc/${again}/attr/apparmor/current`, "utf8")).toMatch(
      /^lxc-warren.*\(enforce\)$/m,
    );
    await d.start();
    expect(await d.json("info", "web")).toMatchObject({
      state: "running",
      // The daemon has loaded its profile anew, over the heads of those that run.
      apparmor: expect.stringMatching(/^lxc-warren.*\(enforce\)$/),
    });
    expect(await init()).not.toBe(before);
    expect(await d.strays()).toEqual([]);
  }, 30_000);

  test("stop, start and delete: levels as saved, and nothing left", async () => {
    await d.ok("stop", "web", "-t", "30");
    await d.ok("start", "web");
    expect(saved()).toEqual(SAVED);
    await d.ok("delete", "-y", "--force", "web");
    await until("the trash is emptied", async () => (await d.strays()).every((it) => !it.includes("trash")));
    await d.stop();
    expect(d.left()).toEqual([]);
  }, 30_000);
});
