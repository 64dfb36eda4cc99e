/** disk.space and disk.inodes on file systems that can limit a tree. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { type Disk, testDisk } from "../helpers/disk.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;

/** Bytes of /root/x after trying to write 40 MiB there. */
const fill = (d: TestDaemon): Promise<number> =>
  d
    .sh(
      "web",
      "rm -f /root/x; dd if=/dev/zero of=/root/x bs=64k count=640 2>/dev/null; sync; stat -c %s /root/x",
    )
    .then(Number);
const initPid = async (d: TestDaemon): Promise<number> => (await d.json("info", "web")).initPid;

for (const [type, feature] of [
  ["btrfs", "btrfs"],
  ["xfs", "project-quota"],
] as const) {
  const { describe, test, missing } = requires(...NEEDS, feature);
  describe(`on ${type}`, () => {
    let disk: Disk;
    let d: TestDaemon;
    beforeAll(async () => {
      if (missing !== null) return;
      disk = testDisk(type);
      d = await testDaemon(true, disk.at);
      await d.ok("launch", "busybox", "web", "--set", "disk.space=20M");
    });
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
      disk?.[Symbol.dispose]();
    });

    test("space: what was given at launch is in force, and more is had while it runs", async () => {
      const init = await initPid(d);
      expect((await d.json("get", "web", "disk.space"))["disk.space"].effective).toBe(20 * MIB);
      const first = await fill(d);
      expect(first).toBeGreaterThan(10 * MIB);
      expect(first).toBeLessThanOrEqual(20 * MIB);
      await d.ok("set", "web", "disk.space=30M");
      expect(await fill(d)).toBeGreaterThan(20 * MIB);
      expect(await initPid(d)).toBe(init);
    });
    test("space: a guest at its wall may still delete, and the host's disk is not full for others", async () => {
      await fill(d);
      await d.ok("launch", "busybox", "other");
      expect(
        Number(await d.sh("other", "dd if=/dev/zero of=/x bs=1M count=50 2>/dev/null; stat -c %s /x")),
      ).toBe(50 * MIB);
      await d.sh("web", "rm /root/x && echo back > /root/y");
      await d.ok("delete", "other", "--force");
    });
    test("a state directory where inode numbers collide is told of", async () => {
      // `host check` ends with 6 where something else is missing too.
      const { stdout } = await d.warren(["-o", "json", "host", "check"]);
      const told = JSON.parse(stdout).checks.map(({ name }: { name: string }) => name);
      expect(told.includes("inode numbers")).toBe(type === "btrfs");
    });
    test("one bad row leaves it untouched; unsaved is lost at a restart", async () => {
      const before = await d.json("get", "web");
      const bad = await d.warren(["set", "web", "disk.space=50M", "pids.limit=77", "cpu.set=999"]);
      expect(bad.code).toBe(2);
      expect(await d.json("get", "web")).toEqual(before);
      await d.ok("restart", "web", "--force");
      expect((await d.json("get", "web", "disk.space"))["disk.space"].effective).toBe(20 * MIB);
    });
    test("what was only set live is taken back after a reboot from within", async () => {
      await d.ok("set", "web", "disk.space=25M");
      const before = await initPid(d);
      await d.warren(["exec", "-T", "-n", "web", "--", "reboot"]);
      const effective = async () => (await d.json("get", "web", "disk.space"))["disk.space"].effective;
      for (
        let left = 200;
        left > 0 && ((await initPid(d)) === before || (await effective()) !== 20 * MIB);
        left--
      )
        await Bun.sleep(50);
      expect(await effective()).toBe(20 * MIB);
    });
    test("a copy has a limit of its own", async () => {
      await d.sh("web", "dd if=/dev/zero of=/root/c bs=1M count=8 2>/dev/null");
      await d.ok("copy", "web", "two");
      await d.ok("start", "two");
      // btrfs counts what was copied by reference once it is on disk.
      await d.sh(
        "two",
        "sync; rm -f /root/x; dd if=/dev/zero of=/root/x bs=64k count=640 2>/dev/null; sync; true",
      );
      const used = Number(await d.sh("two", "du -sk /root | cut -f1")) * 1024;
      expect(used).toBeGreaterThan(10 * MIB);
      expect(used).toBeLessThanOrEqual(21 * MIB);
      // The source still has room of its own.
      expect(await fill(d)).toBeGreaterThan(5 * MIB);
      await d.ok("delete", "two", "--force");
    });
    if (type === "xfs") {
      test("files: the count holds, and df in the guest shows the limit", async () => {
        await d.ok("set", "web", "disk.inodes=100", "disk.space=64M");
        const made = Number(
          await d.sh(
            "web",
            "mkdir /many; for i in $(seq 300); do true > /many/$i; done 2>/dev/null; ls /many | wc -l",
          ),
        );
        expect(made).toBeGreaterThan(20);
        expect(made).toBeLessThan(100);
        expect(Number(await d.sh("web", "df -k / | tail -1 | awk '{print $2}'"))).toBe(64 * 1024);
      });
    } else {
      test("files: a limit is refused with the reason", async () => {
        const { code, stderr } = await d.warren(["set", "web", "disk.inodes=100"]);
        expect([code, stderr]).toEqual([5, expect.stringContaining("counts bytes and no files")]);
      });
    }
  });
}
