/** Pools of each format, and on devices. */
import { afterAll, beforeAll, expect } from "bun:test";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { capacity } from "../../src/host/capacity/index.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;
const initPid = async (d: TestDaemon, name: string): Promise<number> => (await d.json("info", name)).initPid;

for (const [format, ...tools] of [["xfs"], ["ext4", "e2fsprogs"]] as const) {
  const { describe, test, missing } = requires(...NEEDS, "project-quota", ...tools);
  describe(`${format} with project quota`, () => {
    let d: TestDaemon;
    beforeAll(async () => {
      if (missing !== null) return;
      d = await testDaemon();
      await d.ok("pool", "create", "p", "--size", "400M", "--format", format);
      await d.ok(
        "launch",
        "busybox",
        "web",
        "--pool",
        "p",
        "--set",
        "disk.space=20M",
        "--set",
        "disk.inodes=200",
      );
    });
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
    });

    test("limits space and files and shows so in df", async () => {
      const { type, capabilities, use } = await d.json("pool", "info", "p");
      expect(type).toBe(format);
      expect(capabilities).toMatchObject({ spaceQuota: true, inodeQuota: true, dfShowsQuota: true });
      expect(use[0]).toMatchObject({ container: "web", spaceLimit: 20 * MIB, filesLimit: 200 });
      expect(use[0].files).toBeGreaterThan(1);
      expect(Number(await d.sh("web", "df -k / | tail -1 | awk '{print $2}'"))).toBe(20 * 1024);
      const length = Number(
        await d.sh(
          "web",
          "dd if=/dev/zero of=/root/x bs=64k count=640 2>/dev/null; sync; stat -c %s /root/x",
        ),
      );
      expect(length).toBeGreaterThan(10 * MIB);
      expect(length).toBeLessThanOrEqual(20 * MIB);
      // At the wall there is no block for a directory; xfs counts what was deleted a moment later.
      await d.sh("web", "rm /root/x");
      await until(
        "there is room",
        async () => (await d.warren(["exec", "-T", "-n", "web", "--", "mkdir", "/many"])).code === 0,
      );
      const made = Number(
        await d.sh("web", "for i in $(seq 300); do touch /many/$i; done 2>/dev/null; ls /many | wc -l"),
      );
      expect(made).toBeGreaterThan(100);
      expect(made).toBeLessThan(200);
      await d.sh("web", "rm -r /many");
    }, 60_000);

    test("grows while a container runs", async () => {
      const before = await initPid(d, "web");
      const { room } = await d.json("pool", "info", "p");
      const grow = await d.warren(["pool", "grow", "p", "600M"]);
      if (format === "ext4" && !capacity().raises) {
        expect([grow.code, grow.stderr]).toEqual([5, expect.stringContaining("CAP_SYS_RESOURCE")]);
        return;
      }
      expect(grow.code).toBe(0);
      const grown = (await d.json("pool", "info", "p")).room.size - room.size;
      expect(grown).toBeGreaterThan(150 * MIB);
      expect(await initPid(d, "web")).toBe(before);
    }, 60_000);

    test("a container comes and goes with its limits where both pools can", async () => {
      await d.sh("web", "echo kept > /root/a");
      await d.ok("pool", "create", "q", "--size", "400M", "--format", format);
      await d.ok("stop", "web", "--force");
      await d.ok("move", "web", "--pool", "q");
      await d.ok("start", "web");
      expect(await d.sh("web", "cat /root/a")).toBe("kept");
      expect(Number(await d.sh("web", "df -k / | tail -1 | awk '{print $2}'"))).toBe(20 * 1024);
      expect((await d.json("pool", "info", "p")).use).toEqual([]);
      await d.ok("snapshot", "create", "web", "one");
      await d.sh("web", "echo other > /root/a");
      await d.ok("snapshot", "restore", "web", "one", "--force");
      expect(await d.sh("web", "cat /root/a")).toBe("kept");
      await d.ok("delete", "web", "--force", "-y");
      await d.ok("pool", "delete", "p", "q");
    }, 120_000);
  });
}

const { describe, test, missing } = requires(...NEEDS, "btrfs");
describe("a device", () => {
  let d: TestDaemon;
  let dir: string;
  let device: string;
  const losetup = (...args: string[]): string =>
    Bun.spawnSync({ cmd: ["losetup", ...args], env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } })
      .stdout.toString()
      .trim();
  beforeAll(async () => {
    if (missing !== null) return;
    dir = mkdtempSync(join(tmpdir(), "warren-device-"));
    writeFileSync(join(dir, "file"), "");
    truncateSync(join(dir, "file"), 200 * MIB);
    device = losetup("--find", "--show", join(dir, "file"));
    d = await testDaemon();
  });
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
    if (device) losetup("--detach", device);
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  test("is made a pool, found again by its UUID, and grows as it grew", async () => {
    await d.ok("pool", "create", "disk", "--device", device, "--format", "btrfs");
    await d.ok("launch", "busybox", "web", "--pool", "disk");
    await d.sh("web", "echo kept > /root/a");
    const busy = await d.warren(["pool", "create", "again", "--device", device, "--force"]);
    expect([busy.code, busy.stderr]).toEqual([4, expect.stringContaining("in use")]);
    await d.ok("stop", "web", "--force");
    await d.stop();
    await d.start();
    await d.ok("start", "web");
    expect(await d.sh("web", "cat /root/a")).toBe("kept");
    truncateSync(join(dir, "file"), 300 * MIB);
    losetup("--set-capacity", device);
    await d.ok("pool", "grow", "disk");
    expect((await d.json("pool", "info", "disk")).room.size).toBeGreaterThan(250 * MIB);
    await d.ok("delete", "web", "--force");
    await d.ok("pool", "delete", "disk");
  }, 60_000);

  test("on which there is something is left alone unless it is forced", async () => {
    const said = await d.warren(["pool", "create", "disk", "--device", device]);
    expect([said.code, said.stderr]).toEqual([5, expect.stringContaining("holds something: btrfs")]);
    await d.ok("pool", "create", "disk", "--device", device, "--force");
    await d.ok("pool", "delete", "disk");
    expect(await d.json("pool", "list")).toHaveLength(1);
  }, 60_000);
});
