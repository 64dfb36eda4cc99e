/** Snapshots of containers that run, are frozen or stopped, on file systems that copy and on one that doesn't have to. */

import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync } from "node:fs";
import { setAttribute, xattrReader } from "../../src/host/syscall/xattr.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { type Disk, testDisk } from "../helpers/disk.ts";
import { LATER, portrait, VARIETY } from "../helpers/portrait.ts";
import { requires } from "../helpers/requires.ts";

const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;

for (const [place, features] of [
  ["a plain directory", []],
  ["btrfs", ["btrfs"]],
] as const) {
  const { describe, test, missing } = requires(...NEEDS, ...features);
  describe(`on ${place}`, () => {
    let disk: Disk | undefined;
    let d: TestDaemon;
    let first: string;
    let second: string;
    const names = async (name = "web"): Promise<string[]> =>
      (await d.json("snapshot", "list", name)).map((s: { name: string }) => s.name);
    const inGuest = async (path: string): Promise<Buffer> =>
      Buffer.from(`/proc/${(await d.json("info", "web")).initPid}/root${path}`);

    beforeAll(async () => {
      if (missing !== null) return;
      if (place === "btrfs") disk = testDisk("btrfs");
      d = await testDaemon(true, disk?.at);
      await d.ok("launch", "busybox", "web", "--set", "pids.limit=100");
      await d.sh("web", VARIETY);
      setAttribute(await inGuest("/root/a"), { name: "user.colour", value: Buffer.from("red") });
      first = await portrait(d, "web");
    }, 60_000);
    afterAll(async () => {
      await d?.[Symbol.asyncDispose]();
      disk?.[Symbol.dispose]();
    });

    test("of one that runs: it runs on, and the snapshot is listed", async () => {
      const { initPid } = await d.json("info", "web");
      await d.ok("snapshot", "create", "web", "first", "--comment", "as it was");
      const info = await d.json("info", "web");
      expect([info.state, info.initPid, info.snapshots]).toEqual(["running", initPid, ["first"]]);
      const [s] = await d.json("snapshot", "list", "web");
      const method = place === "btrfs" ? "instant" : "copy";
      expect(s).toMatchObject({ name: "first", comment: "as it was", by: "hand", method, expires: null });
    });
    test("a name that is taken is refused, and one is made up where none is given", async () => {
      expect((await d.warren(["snapshot", "create", "web", "first"])).code).toBe(4);
      expect((await d.warren(["snapshot", "create", "web", "../up"])).code).toBe(2);
      expect((await d.json("snapshot", "create", "web")).name).toBe("snap0");
      await d.ok("snapshot", "delete", "web", "snap0");
      expect(await names()).toEqual(["first"]);
    });
    test("a frozen one stays frozen", async () => {
      await d.sh("web", LATER);
      second = await portrait(d, "web");
      expect(second).not.toBe(first);
      await d.ok("freeze", "web");
      await d.ok("snapshot", "create", "web", "second");
      expect((await d.json("info", "web")).state).toBe("frozen");
      await d.ok("thaw", "web");
    });
    test("restore brings back files, attributes and saved levels, and only when forced while it runs", async () => {
      await d.ok("set", "web", "pids.limit=200", "--save");
      const refused = await d.warren(["snapshot", "restore", "web", "first"]);
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("--force")]);
      expect(await portrait(d, "web")).toBe(second);
      await d.ok("snapshot", "restore", "web", "first", "--force");
      expect(await portrait(d, "web")).toBe(first);
      expect((await d.json("get", "web", "pids.limit"))["pids.limit"]).toMatchObject({
        effective: 100,
        saved: 100,
      });
      const attributes = xattrReader()(await inGuest("/root/a"));
      expect(attributes.find(({ name }) => name === "user.colour")?.value.toString()).toBe("red");
    });
    test("restore of a stopped one, back and forth, with levels left as they are", async () => {
      await d.ok("stop", "-t", "1", "web");
      await d.ok("set", "web", "pids.limit=300", "--save");
      await d.ok("snapshot", "restore", "web", "second", "--files-only");
      expect((await d.json("get", "web", "pids.limit"))["pids.limit"].saved).toBe(300);
      await d.ok("start", "web");
      expect(await portrait(d, "web")).toBe(second);
      await d.ok("snapshot", "restore", "web", "first", "--force");
      expect(await portrait(d, "web")).toBe(first);
    });
    test("a copy of a snapshot is a container of its own", async () => {
      await d.ok("copy", "web/second", "twin");
      await d.ok("start", "twin");
      expect(await portrait(d, "twin")).toBe(second);
      expect(await d.sh("twin", "hostname")).toBe("twin");
      await d.sh("twin", "echo changed > /root/b");
      await d.ok("delete", "twin", "--force");
      await d.ok("copy", "web/second", "twin");
      await d.ok("start", "twin");
      expect(await d.sh("twin", "cat /root/b")).toBe("two");
      await d.ok("delete", "twin", "--force");
    });
    test("an image made of a snapshot has its files; the container's own image can't be deleted", async () => {
      const refused = await d.warren(["image", "publish", "web", "mine"]);
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("web/SNAPSHOT")]);
      await d.ok("image", "publish", "web/second", "mine");
      await d.ok("launch", "mine", "twin");
      expect(await portrait(d, "twin")).toBe(second);
      expect((await d.json("image", "info", "mine")).source).toBe("publish:web/second");
      await d.ok("delete", "twin", "--force");
      await d.ok("image", "delete", "mine");
      expect((await d.warren(["image", "delete", "busybox"])).code).toBe(4);
    });
    test("directories nested too deep are told, and nothing is left of what was begun", async () => {
      const nest =
        "d=dddddddddddddddddddddd; cd /root; mkdir deep; cd deep; for i in $(seq 150); do mkdir $d && cd $d || exit 0; done";
      await d.sh(
        "web",
        `${nest}; cd /root/deep; for i in $(seq 120); do mkdir -p x/$d; mv $d x/$d/; mv x $d; done; true`,
      );
      const said = await d.warren(["snapshot", "create", "web", "deep"]);
      if (place === "btrfs") expect([said.code, await names()]).toEqual([0, ["first", "second", "deep"]]);
      else {
        expect([said.code, said.stderr]).toEqual([5, expect.stringContaining("nested deeper")]);
        expect(await names()).toEqual(["first", "second"]);
      }
      await d.ok("snapshot", "restore", "web", "first", "--force");
      expect(await d.sh("web", "test -e /root/deep || echo gone")).toEqual("gone");
      if (place === "btrfs") await d.ok("snapshot", "delete", "web", "deep");
    });
    test("rename, and what was renamed is found by its new name only", async () => {
      await d.ok("snapshot", "rename", "web", "second", "later");
      expect(await names()).toEqual(["first", "later"]);
      expect((await d.warren(["snapshot", "restore", "web", "second"])).code).toBe(3);
      await d.ok("stop", "-t", "1", "web");
      await d.ok("rename", "web", "www");
      expect(await names("www")).toEqual(["first", "later"]);
      await d.ok("rename", "www", "web");
      await d.ok("start", "web");
    });
    test("the container's limit of the disk holds after a restore", async () => {
      if (place !== "btrfs") return;
      await d.ok("set", "web", "disk.space=60M", "--save");
      await d.ok("snapshot", "restore", "web", "first", "--force", "--files-only");
      const script =
        "dd if=/dev/zero of=/root/x bs=64k count=2000 2>/dev/null; sync; stat -c %s /root/x; rm /root/x";
      const most = Number(await d.sh("web", script));
      expect(most).toBeGreaterThan(10 * 1024 ** 2);
      expect(most).toBeLessThanOrEqual(60 * 1024 ** 2);
      await d.ok("set", "web", "disk.space=unlimited", "--save");
    });
    test("a schedule makes what was missed while no daemon ran, once, and takes away what is too old", async () => {
      await d.ok("snapshot", "schedule", "web", "--every", "1h", "--keep", "2");
      expect((await d.json("info", "web")).schedule).toEqual({ every: 3600, keep: 2 });
      const scheduled = async (): Promise<string[]> => (await names()).filter((name) => /^auto-/.test(name));
      const seen = new Set<string>();
      for (let round = 1; round <= 3; round++) {
        await d.stop();
        const db = new Database(`${d.instance.state}/warren.db`);
        const days = new Date(Date.now() - 86_400_000 * 3).toISOString();
        db.run("UPDATE containers SET value = json_set(value, '$.schedule.last', ?) WHERE key = 'web'", [
          days,
        ]);
        db.close();
        await d.start();
        await until("one more is made", async () => {
          for (const name of await scheduled()) seen.add(name);
          return seen.size >= round && (await scheduled()).length === Math.min(round, 2);
        });
        expect(seen.size).toBe(round);
      }
      expect(await names()).toEqual(["first", "later", ...[...seen].slice(1)]);
      await d.ok("snapshot", "schedule", "web", "--off");
      expect((await d.json("info", "web")).schedule).toBeNull();
      expect((await d.warren(["snapshot", "schedule", "web", "--every", "5s"])).code).toBe(2);
    }, 60_000);
    test("what containers share goes along: into snapshots and back, copies, images and exports", async () => {
      const file =
        "mkdir -p /usr/lib/pack; for i in 1 2 3; do seq $((i * 3000)) > /usr/lib/pack/$i; done; touch -d '2020-01-01 00:00:00' /usr/lib/pack/*";
      for (const name of ["one", "two"]) {
        await d.ok("launch", "busybox", name);
        await d.sh(name, `${VARIETY}; ${file}`);
      }
      const before = await portrait(d, "one");
      await d.ok("stop", "-t", "1", "one", "two");
      await d.ok("share", "one", "two");
      const { uuid } = await d.json("info", "one");
      expect(existsSync(`${d.instance.state}/images/lowers/${uuid}`)).toBe(true);
      await d.ok("snapshot", "create", "one", "shared");
      const exported = `${d.dir}/one.tar.zst`;
      await d.ok("export", "one", exported);
      await d.ok("image", "publish", "one", "packed");
      await d.ok("share", "undo", "one");
      await d.ok("start", "one");
      await d.sh("one", "rm /usr/lib/pack/2; echo changed > /usr/lib/pack/3");
      const after = await portrait(d, "one");
      await d.ok("snapshot", "create", "one", "alone");
      const changes = `${d.dir}/changes.tar.zst`;
      await d.ok("export", "one/alone", changes, "--since", "shared");
      await d.ok("export", "one/shared", exported, "--force");
      await d.ok("import", exported, "three");
      await d.ok("import", changes, "three");
      await d.ok("copy", "one/shared", "four");
      await d.ok("launch", "packed", "five");
      await d.ok("snapshot", "restore", "one", "shared", "--force");
      await d.ok("start", "three", "four");
      expect(await portrait(d, "three")).toBe(after);
      for (const name of ["one", "four", "five"]) expect(await portrait(d, name)).toBe(before);
      await d.ok("delete", "--force", "one", "two", "three", "four", "five");
      await d.ok("image", "delete", "packed");
      expect((await d.warren(["image", "check"])).code).toBe(0);
    }, 60_000);
    test("deleting the container takes them along, and nothing is left", async () => {
      expect(await d.ok("delete", "web", "--force")).toBe("web deleted, with 4 snapshots\n");
      await until("the trash is emptied", async () => (await d.strays()).length === 0);
      expect(await d.strays()).toEqual([]);
    });
  });
}
