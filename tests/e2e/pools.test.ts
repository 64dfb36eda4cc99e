/** Pools of files in a file system of their own: limits, the wall, growth, moves, and the daemon killed between steps. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { amid } from "../helpers/patience.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;
const ROUNDS = Number(Bun.env.ROUNDS ?? 8);
const { describe, test, missing } = requires(...NEEDS, "btrfs");

/** Bytes of a file after writing to it until it is as long as asked, or nothing more goes in. */
const write = (d: TestDaemon, name: string, file: string, mib: number): Promise<number> =>
  d
    .sh(name, `dd if=/dev/zero of=${file} bs=64k count=${mib * 16} 2>/dev/null; sync; stat -c %s ${file}`)
    .then(Number);
const pool = (d: TestDaemon, name: string) => d.json("pool", "info", name);
const initPid = async (d: TestDaemon, name: string): Promise<number> => (await d.json("info", name)).initPid;
const entries = (path: string): string[] => (existsSync(path) ? readdirSync(path) : []);
/** Loop devices of this instance. */
const loops = (d: TestDaemon): string[] =>
  entries("/sys/block")
    .map((name) => `/sys/block/${name}/loop/backing_file`)
    .filter((file) => existsSync(file) && readFileSync(file, "utf8").includes(d.dir));
/** Where a pool's files are, and the snapshots in it by their ids. */
const top = (d: TestDaemon, pool: string): string =>
  pool === "default" ? d.instance.state : `${d.instance.state}/pools/${pool}`;
const snapshots = (d: TestDaemon, pool: string): string[] => entries(`${top(d, pool)}/snapshots`);
const types = async (d: TestDaemon): Promise<string[]> =>
  (await d.ok("events", "-o", "json"))
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line).type);

describe("pools", () => {
  let d: TestDaemon;
  beforeAll(async () => {
    if (missing !== null) return;
    d = await testDaemon(false);
    mkdirSync(d.instance.etc, { recursive: true });
    writeFileSync(`${d.instance.etc}/config.json`, JSON.stringify({ watch: { every: 0.2 } }));
    await d.start();
    await d.ok("launch", "busybox", "outside");
    await d.ok("pool", "create", "fast", "--size", "200M", "--format", "btrfs");
    await d.ok("launch", "busybox", "web", "--pool", "fast", "--set", "disk.space=20M");
    await d.ok("launch", "busybox", "db", "--pool", "fast");
  });
  afterAll(async () => {
    await d?.[Symbol.asyncDispose]();
  });

  test("what it can do is told, and who has how much in it", async () => {
    const fast = await pool(d, "fast");
    expect(fast).toMatchObject({
      ...{ kind: "loop", type: "btrfs", missing: null, isDefault: false, containers: 2 },
      capabilities: { spaceQuota: true, inodeQuota: false, dfShowsQuota: false, cheapSnapshot: true },
      ...{ promised: 20 * MIB, unlimited: 1 },
    });
    expect(fast.use.map((each: { container: string }) => each.container).sort()).toEqual(["db", "web"]);
    const [first, second] = await d.json("pool", "list");
    expect([first.name, first.isDefault, second.name]).toEqual(["default", true, "fast"]);
    expect((await d.json("info", "web")).pool).toBe("fast");
    expect((await d.json("info", "outside")).pool).toBe("default");
  });

  test("a limit of space holds there, and a refusal tells of the container's own pool", async () => {
    const length = await write(d, "web", "/root/x", 40);
    expect(length).toBeGreaterThan(10 * MIB);
    expect(length).toBeLessThanOrEqual(20 * MIB);
    await d.sh("web", "rm /root/x");
    const row = (await d.json("levels")).find(({ key }: { key: string }) => key === "disk.space");
    expect(row.supported).toBe(true);
    const [standard] = await d.json("pool", "list");
    const said = await d.warren(["set", "outside", "disk.space=20M"]);
    if (standard.capabilities.spaceQuota) expect(said.code).toBe(0);
    else {
      expect(said.code).toBe(5);
      expect(said.stderr).toContain(`${d.instance.state}/containers is on`);
      expect(row.depends).toContain("not in pool default");
    }
    const refused = await d.warren(["launch", "busybox", "no", "--pool", "fast", "--set", "disk.inodes=99"]);
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining("counts bytes and no files")]);
  });

  test("one that fills up fails the writes of its own containers, with an event before and at the wall", async () => {
    for (let i = 0; i < 40 && !(await types(d)).includes("pool-near-full"); i++) {
      await write(d, "db", `/root/big${i}`, 6);
      await Bun.sleep(300);
    }
    expect(await types(d)).toContain("pool-near-full");
    expect(await types(d)).not.toContain("pool-full");
    const length = await write(d, "db", "/root/big", 400);
    expect(length).toBeLessThan(200 * MIB);
    expect(await write(d, "web", "/root/y", 4)).toBeLessThan(4 * MIB);
    expect(await write(d, "outside", "/root/z", 20)).toBe(20 * MIB);
    await until("it is told", async () => (await types(d)).includes("pool-full"));
  }, 60_000);

  test("it grows while its containers run, and never shrinks", async () => {
    const before = await initPid(d, "db");
    await d.ok("pool", "grow", "fast", "400M");
    expect((await pool(d, "fast")).room.size).toBe(400 * MIB);
    expect(await write(d, "db", "/root/more", 50)).toBe(50 * MIB);
    expect(await initPid(d, "db")).toBe(before);
    const less = await d.warren(["pool", "grow", "fast", "300M"]);
    expect([less.code, less.stderr]).toEqual([2, expect.stringContaining("can't shrink")]);
    await d.sh("db", "rm /root/big* /root/more");
    await d.sh("outside", "rm /root/z");
  });

  test("a set-uid program works in the guest, though it means nothing on the host", async () => {
    const uid = await d.sh(
      "db",
      "cp /bin/busybox /tmp/su && chmod 4755 /tmp/su && chmod 1777 /tmp && mkdir -p /etc && " +
        "echo 'u:x:77:77::/:/bin/sh' >> /etc/passwd && /bin/busybox su u -c '/tmp/su id -u' 2>/dev/null || echo none",
    );
    // Some builds of busybox have no su; where there is one it must come to root.
    expect(["0", "77", "none"]).toContain(uid);
    const mount = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .find((line) => line.includes(`${d.instance.state}/pools/fast `));
    expect(mount).toContain("nosuid,nodev");
  });

  test("a stopped container moves with all that it is, and a running one is refused", async () => {
    const running = await d.warren(["move", "db", "--pool", "default"]);
    expect([running.code, running.stderr]).toEqual([4, expect.stringContaining("db runs")]);
    await d.sh(
      "db",
      "mkdir /data && echo kept > /data/a && ln /data/a /data/b && chown 5:6 /data/a && rm /bin/vi",
    );
    const look =
      "stat -c '%n %a %u %g' /data; stat -c '%n %a %u %g %h %s %Y' /data/a /data/b; cat /data/b; ls /bin/vi 2>&1; true";
    const before = await d.sh("db", look);
    const [standard] = await d.json("pool", "list");
    await d.ok("stop", "db", "--force");
    for (const to of ["default", "fast"]) {
      await d.ok("move", "db", "--pool", to);
      await d.ok("start", "db");
      expect(await d.sh("db", look)).toBe(before);
      await d.ok("stop", "db", "--force");
    }
    await d.ok("start", "db");
    if (!standard.capabilities.spaceQuota) {
      await d.ok("stop", "web", "--force");
      const { code, stderr } = await d.warren(["move", "web", "--pool", "default"]);
      expect([code, stderr]).toEqual([5, expect.stringContaining("disk.space=20MiB")]);
      await d.ok("start", "web");
    }
    expect(await d.strays().then((all) => all.filter((line) => !/mount|data/.test(line)))).toEqual([]);
  });

  test("a copy is in the same pool or where it is said", async () => {
    await d.ok("copy", "db", "same");
    await d.ok("copy", "db", "other", "--pool", "default");
    expect((await d.json("info", "same")).pool).toBe("fast");
    expect((await d.json("info", "other")).pool).toBe("default");
    await d.ok("start", "other");
    expect(await d.sh("other", "cat /data/a")).toBe("kept");
    await d.ok("delete", "same", "other", "--force");
  });

  test("snapshots of a container are in its pool, and are no copies there", async () => {
    await d.ok("snapshot", "create", "db", "one");
    expect(entries(`${d.instance.state}/pools/fast/snapshots`)).toHaveLength(1);
    await d.sh("db", "echo changed > /data/a");
    await d.ok("snapshot", "restore", "db", "one", "--force");
    expect(await d.sh("db", "cat /data/a")).toBe("kept");
  });

  test("snapshots move along, each whole and on its own", async () => {
    const state = (pool: string) => snapshots(d, pool).length;
    await d.sh("db", "echo second > /data/a && ln -s a /data/link && rm /data/b && mkdir /data/deep");
    await d.ok("snapshot", "create", "db", "two", "--comment", "the second");
    await d.sh("db", "rm -r /data/deep; echo third > /data/a");
    await d.ok("stop", "db", "--force");
    for (const to of ["default", "fast"]) {
      const from = to === "fast" ? "default" : "fast";
      await d.ok("move", "db", "--pool", to);
      expect([state(from), state(to)]).toEqual([0, 2]);
      const list = await d.json("snapshot", "list", "db");
      expect(list.map(({ name, comment }: Record<string, string>) => [name, comment])).toEqual([
        ["one", ""],
        ["two", "the second"],
      ]);
      await d.ok("copy", "db/one", "was", "--pool", from);
      await d.ok("start", "db", "was");
      expect(await d.sh("was", "cat /data/a /data/b; ls /data")).toBe("kept\nkept\na\nb");
      expect(await d.sh("db", "cat /data/a; ls /data")).toBe("third\na\nlink");
      await d.ok("delete", "was", "--force");
      // What is written to one must show in no other.
      await d.sh("db", `echo scribbled in ${to} > /data/a; echo x > /data/more`);
      await d.ok("snapshot", "restore", "db", "two", "--force");
      expect(await d.sh("db", "cat /data/link; ls /data")).toBe("second\na\ndeep\nlink");
      await d.sh("db", "rm -r /data/deep; echo third > /data/a");
      await d.ok("stop", "db", "--force");
    }
    await d.ok("snapshot", "restore", "db", "one");
    await d.ok("snapshot", "delete", "db", "two");
    await until("it is gone", () => state("fast") === 1);
  });

  test("a saved limit that only a snapshot has stops a move too, and nothing of it stays", async () => {
    const [standard] = await d.json("pool", "list");
    if (standard.capabilities.spaceQuota) return;
    await d.ok("set", "db", "disk.space=50M", "--save");
    await d.ok("snapshot", "create", "db", "limited");
    await d.ok("set", "db", "disk.space=unlimited", "--save");
    const { code, stderr } = await d.warren(["move", "db", "--pool", "default"]);
    expect([code, stderr]).toEqual([5, expect.stringContaining("db/limited has disk.space=50MiB saved")]);
    expect(snapshots(d, "default")).toEqual([]);
    await d.ok("snapshot", "delete", "db", "limited");
    await d.ok("start", "db");
  });

  test("killed right before or right after it is said where the files are: one of the two goes", async () => {
    await d.ok("stop", "db", "--force");
    const { uuid } = await d.json("info", "db");
    const [{ id }] = await d.json("snapshot", "list", "db");
    const parts = [`containers/${uuid}`, `snapshots/${id}`];
    for (const [counts, other] of [
      ["fast", "default"],
      ["default", "fast"],
    ] as const) {
      if (counts === "default") await d.ok("move", "db", "--pool", "default");
      await d.kill();
      // Both have all of it, as between the last copy and the end of a move.
      for (const part of parts)
        Bun.spawnSync(["cp", "-a", `${top(d, counts)}/${part}`, `${top(d, other)}/${part}`]);
      await d.start();
      const there = (pool: string) => parts.map((part) => existsSync(`${top(d, pool)}/${part}/upper/data/a`));
      expect([there(counts), there(other)]).toEqual([
        [true, true],
        [false, false],
      ]);
      await d.ok("snapshot", "restore", "db", "one");
      await d.ok("start", "db");
      expect(await d.sh("db", "cat /data/a /data/b")).toBe("kept\nkept");
      await d.ok("stop", "db", "--force");
    }
    await d.ok("move", "db", "--pool", "fast");
    await d.ok("start", "db");
  });

  test("new containers are made where set-default says", async () => {
    await d.ok("pool", "set-default", "fast");
    await d.ok("create", "busybox", "new");
    expect((await d.json("info", "new")).pool).toBe("fast");
    await d.ok("delete", "new");
    await d.ok("pool", "set-default", "default");
  });

  test("one in use is not deleted; the default one never; one that isn't there can't be named", async () => {
    const said = await Promise.all(
      [
        ["pool", "delete", "fast"],
        ["pool", "delete", "default"],
        ["pool", "delete", "no"],
        ["launch", "busybox", "x", "--pool", "no"],
        ["move", "db", "--pool", "no"],
        ["pool", "create", "fast", "--size", "200M"],
        ["pool", "create", "tiny", "--size", "1M"],
        ["pool", "create", "in", "--path", `${d.instance.state}/x`],
        ["pool", "create", "etc", "--path", "/etc"],
        ["pool", "create", "dev", "--device", "/dev/null"],
      ].map((args) => d.warren(args)),
    );
    expect(said.map(({ code }) => code)).toEqual([4, 5, 3, 3, 3, 4, 2, 5, 5, 3]);
    expect(entries(`${d.instance.state}/pools`).sort()).toEqual(["fast", "fast.img"]);
  });

  test("a directory is a pool, and goes without what was not ours", async () => {
    const path = `${d.dir}/elsewhere`;
    await d.ok("pool", "create", "plain", "--path", path);
    await d.ok("launch", "busybox", "p", "--pool", "plain");
    expect(entries(`${path}/containers`)).toHaveLength(1);
    expect((await pool(d, "plain")).use[0].space).toBeGreaterThan(0);
    await d.ok("delete", "p", "--force");
    writeFileSync(`${path}/mine`, "");
    await d.ok("pool", "delete", "plain");
    expect(entries(path)).toEqual(["mine"]);
    const full = await d.warren(["pool", "create", "plain", "--path", path]);
    expect([full.code, full.stderr]).toEqual([5, expect.stringContaining("is not empty: mine")]);
    const strange = await d.warren(["pool", "create", "plain", "--path", "/proc/self"]);
    expect(strange.code).not.toBe(0);
    expect(await d.json("pool", "list")).toHaveLength(2);
  });

  test("containers run on without a daemon; the next one finds the pool as it was", async () => {
    const before = await initPid(d, "db");
    await d.kill();
    await d.start();
    expect(await initPid(d, "db")).toBe(before);
    expect(await write(d, "db", "/root/again", 5)).toBe(5 * MIB);
  });

  test("when nothing runs it is unmounted with the daemon's end, and mounted again", async () => {
    await d.ok("stop", "--all", "--force");
    await d.stop();
    await until("the loop device is let go", () => loops(d).length === 0);
    expect(entries(`${d.instance.state}/pools/fast`)).toEqual([]);
    await d.start();
    await d.ok("start", "db");
    expect(await d.sh("db", "cat /data/a")).toBe("kept");
    await d.ok("stop", "db", "--force");
  }, 60_000);

  test("while its disk is gone containers in it wait and lose nothing", async () => {
    await d.stop();
    const [file, away] = [`${d.instance.state}/pools/fast.img`, `${d.dir}/away`];
    renameSync(file, away);
    await d.start();
    expect((await pool(d, "fast")).missing).toContain("does not hold the pool");
    const { code, stderr } = await d.warren(["start", "db"]);
    expect([code, stderr]).toEqual([5, expect.stringContaining('the pool "fast" is not there')]);
    await d.ok("start", "outside");
    renameSync(away, file);
    await d.ok("start", "db");
    expect(await d.sh("db", "cat /data/a")).toBe("kept");
    await d.ok("stop", "db", "--force");
  });

  test(
    `${ROUNDS} kills during moves, making and deleting: a container is in one pool, whole`,
    async () => {
      await d.ok("start", "db");
      await d.sh(
        "db",
        "for i in $(seq 200); do echo $i > /data/n$i; done; dd if=/dev/zero of=/data/z bs=1M count=20",
      );
      await d.ok("snapshot", "create", "db", "whole");
      await d.ok("stop", "db", "--force");
      const { uuid } = await d.json("info", "db");
      const places = [`${d.instance.state}/containers`, `${d.instance.state}/pools/fast/containers`];
      for (let round = 0; round < ROUNDS; round++) {
        const at = (await d.json("info", "db")).pool;
        const work = [
          d.spawn(["move", "db", "--pool", at === "fast" ? "default" : "fast"]),
          d.spawn(["pool", "create", "brief", "--size", "128M", "--format", "ext4"]),
        ];
        await Bun.sleep(amid(40 + Math.random() * 200));
        await d.kill();
        for (const each of work) await each.exited;
        await d.start();
        const now = (await d.json("info", "db")).pool;
        expect(places.map((path) => entries(path).includes(uuid))).toEqual([
          now === "default",
          now === "fast",
        ]);
        expect(["default", "fast"].map((pool) => snapshots(d, pool).length)).toEqual(
          now === "fast" ? [0, 2] : [2, 0],
        );
        const known = (await d.json("pool", "list")).map(({ name }: { name: string }) => name);
        const made = known.includes("brief");
        expect(entries(`${d.instance.state}/pools`).sort()).toEqual(
          made ? ["brief", "brief.img", "fast", "fast.img"] : ["fast", "fast.img"],
        );
        if (made) await d.ok("pool", "delete", "brief");
        if (round % 2 === 1) await d.ok("snapshot", "restore", "db", "whole");
        await d.ok("start", "db");
        expect(await d.sh("db", "cat /data/a; ls /data | wc -l; stat -c %s /data/z")).toBe(
          `kept\n203\n${20 * MIB}`,
        );
        await d.ok("stop", "db", "--force");
      }
    },
    ROUNDS * 20_000,
  );

  test("nothing is left on the host", async () => {
    await d.ok("delete", "--all", "--force", "-y");
    await d.ok("pool", "delete", "fast");
    expect(entries(`${d.instance.state}/pools`)).toEqual([]);
    await d.stop();
    await until("loop devices are let go", () => loops(d).length === 0);
    expect(d.left()).toEqual([]);
  });
});
