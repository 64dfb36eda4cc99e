/** Levels of every kind for a Debian at work, in one call: all or none, and theirs for good. */
import { afterAll, beforeAll, expect } from "bun:test";
import { run } from "../../src/host/exec/index.ts";
import type { LevelCatalogueRow, LevelState } from "../../src/spec/level.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { type Disk, testDisk } from "../helpers/disk.ts";
import { FEATURES } from "../helpers/features.ts";
import { guestImage } from "../helpers/guest-image.ts";
import { requires } from "../helpers/requires.ts";

/** Where trees can be limited by bytes and files; else where by bytes. */
const [type, feature] =
  FEATURES["project-quota"]() === null ? (["xfs", "project-quota"] as const) : (["btrfs", "btrfs"] as const);
const { describe, test, missing } = requires(
  ...(["root", "lxc", "lxcfs", "nft", "iproute2", "mmdebstrap", "overlay", "idmap"] as const),
  ...(["debian-mirror", feature] as const),
);
const MIB = 2 ** 20;
const MINUTES = 60_000;
const V2 = FEATURES["cgroup-v2"]() === null;

/** What every host does that has such a disk. */
const ASKED: Record<string, [text: string, value: number | string]> = {
  "memory.limit": ["256M", 256 * MIB],
  "cpu.limit": ["50%", 0.5],
  "cpu.weight": ["200", 200],
  "pids.limit": ["200", 200],
  "io.write.bps": ["10M", 10 * MIB],
  "io.read.bps": ["40M", 40 * MIB],
  "io.write.iops": ["2000", 2000],
  "net.egress": ["20Mbit", 20_000_000],
  "net.ingress": ["40Mbit", 40_000_000],
  "net.connections": ["500", 500],
  "disk.space": ["1G", 1024 * MIB],
  "shm.size": ["64M", 64 * MIB],
  "pty.limit": ["8", 8],
  "ipc.msg": ["100", 100],
  "rlimit.nofile": ["4096", 4096],
  "rlimit.core": ["0", 0],
  "oom.priority": ["100", 100],
};
/** What only some do. */
const MORE: typeof ASKED = {
  "memory.high": ["240M", 240 * MIB],
  "memory.low": ["16M", 16 * MIB],
  "memory.guarantee": ["8M", 8 * MIB],
  "cpu.burst": ["10ms", 0.01],
  "disk.inodes": ["50000", 50_000],
  "cgroup.descendants": ["300", 300],
  "hugetlb.2M": ["16M", 16 * MIB],
};

describe(`one call for a Debian at work, on ${type}`, () => {
  let disk: Disk;
  let d: TestDaemon;
  let asked: typeof ASKED;
  let work: Bun.Subprocess;
  const init = async (): Promise<number> => (await d.json("info", "web")).initPid;
  const words = () => Object.entries(asked).map(([key, [text]]) => `${key}=${text}`);
  const expected = () => Object.fromEntries(Object.entries(asked).map(([key, [, value]]) => [key, value]));
  const state = (): Promise<Record<string, LevelState>> => d.json("get", "web");
  const inForce = async () => {
    const all = await state();
    return Object.fromEntries(Object.keys(asked).map((key) => [key, all[key]?.effective]));
  };
  /** Its CPUs, its disk and a hundred megabytes of its memory are at work until it ends. */
  const load = [
    "while :; do :; done &",
    "while dd if=/dev/zero of=/var/tmp/work bs=1M count=32 conv=fsync; do :; done 2>/dev/null &",
    "{ head -c 100000000 /dev/zero; sleep 100000; } | tail &",
    "wait",
  ].join("\n");

  beforeAll(async () => {
    if (missing !== null) return;
    const image = await guestImage("debian/13", "systemd");
    disk = testDisk(type, { size: "3G", beneath: "/var/tmp" });
    d = await testDaemon(true, disk.at);
    await d.ok("image", "import", "--alias", "guest", image);
    await d.ok("launch", "guest", "web", "--wait");
    const rows = (await d.json("levels")) as LevelCatalogueRow[];
    const able = new Set(rows.filter(({ supported, live }) => supported && live).map(({ key }) => key));
    asked = { ...ASKED, ...Object.fromEntries(Object.entries(MORE).filter(([key]) => able.has(key))) };
    work = d.spawn(["exec", "-T", "-n", "web", "--", "sh", "-c", load]);
    await until("it works", async () => (await d.json("info", "web")).memory > 100_000_000);
  }, 10 * MINUTES);
  afterAll(async () => {
    work?.kill();
    await d?.[Symbol.asyncDispose]();
    disk?.[Symbol.dispose]();
  }, 2 * MINUTES);

  test(`this host does ${V2 && type === "xfs" ? 32 : 24} levels live at least`, async () => {
    const rows = (await d.json("levels")) as LevelCatalogueRow[];
    expect(rows.filter(({ supported, live }) => supported && live).length).toBeGreaterThanOrEqual(
      V2 && type === "xfs" ? 32 : 24,
    );
  });

  test(
    "one that can't be among them leaves all as they were",
    async () => {
      const before = await state();
      // Refused by a look at it, and by what the container holds once others are written.
      for (const [bad, code] of [
        ["cpu.set=999", 2],
        ["memory.limit=8M", 5],
      ] as const) {
        const rest = words().filter((word) => !word.startsWith(bad.split("=")[0]!));
        const said = await d.warren(["set", "web", ...rest, bad, "--save"]);
        expect([said.code, said.stderr]).toEqual([code, expect.stringContaining(bad.split("=")[0]!)]);
        expect(await state()).toEqual(before);
      }
    },
    2 * MINUTES,
  );

  test(
    "it takes all of them at once, and goes on",
    async () => {
      const before = await init();
      await d.ok("set", "web", ...words(), "--save");
      expect(await inForce()).toEqual(expected());
      expect(await init()).toBe(before);
      expect(work.exitCode).toBeNull();
      const seen = await d.sh("web", "free -m | awk '/^Mem/ {print $2}'; df -m / | awk 'END {print $2}'");
      // A limit of btrfs is no size of the file system.
      expect(seen).toMatch(type === "xfs" ? /^256\n1024$/ : /^256\n/);
    },
    2 * MINUTES,
  );

  const events: [string, () => Promise<unknown>][] = [
    ["a daemon that is started again", () => d.stop().then(d.start)],
    ["a daemon that is killed", () => d.kill().then(d.start)],
  ];
  if (FEATURES.systemd() === null)
    events.unshift([
      "systemctl daemon-reload",
      () => run(["systemctl", "daemon-reload"], { timeout: 2 * MINUTES }),
    ]);
  for (const [what, act] of events)
    test(
      `they outlast ${what}`,
      async () => {
        const before = await init();
        await act();
        expect(await inForce()).toEqual(expected());
        expect(await init()).toBe(before);
      },
      2 * MINUTES,
    );

  test(
    "they are in force after a reboot from within",
    async () => {
      const before = await init();
      await d.warren(["exec", "-T", "-n", "web", "--", "systemctl", "reboot"]);
      await until("it has a new init", async () => ![null, before].includes(await init()), 3 * MINUTES);
      expect(await inForce()).toEqual(expected());
      expect(await d.strays()).toEqual([]);
    },
    4 * MINUTES,
  );
});
