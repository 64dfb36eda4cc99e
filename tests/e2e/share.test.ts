/** What containers and images have in common is kept once: seen through the commands, with the daemon killed in between. */
import { afterAll, beforeAll, expect } from "bun:test";
import { appendFileSync, lstatSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { archive, SYSTEM } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { testDisk } from "../helpers/disk.ts";
import { amid } from "../helpers/patience.ts";
import { requires } from "../helpers/requires.ts";

const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap", "tar"] as const;
const { describe, test, missing } = requires(...NEEDS);
const onBtrfs = requires(...NEEDS, "btrfs");
const SEED = Number(Bun.env.SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
/** 200 for a long night. */
const ROUNDS = Number(Bun.env.ROUNDS ?? 30);
const BIG = 3 << 20;

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function randomness(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

let d: TestDaemon;
const NAMES = ["a", "b", "c"];
/** What a package's upgrade does: new files with the archive's times, in directories there are and new ones. */
const UPGRADE = `mkdir -p /usr/lib/pkg/deep && cd /usr/lib/pkg
head -c ${BIG} /dev/zero | tr '\\0' x > big; for i in 1 2 3 4 5 6 7 8; do echo file $i > deep/f$i; done; echo same > one; echo same > two
chmod 4755 deep/f1; chown 7:8 deep/f2; ln deep/f3 deep/link; touch -d '2024-01-02 03:04:05' big one two deep/*; echo $HOSTNAME > own; touch -d '2024-01-01 00:00:00' . deep`;
const LOOK = "cd /usr/lib/pkg; ls -lRn --full-time . | grep -v ' own$'; md5sum big one two deep/*";
/** Names a file has are not among what stays: others have it, too. */
const look = async (name: string): Promise<string> =>
  (await d.sh(name, LOOK)).replace(/^([-d]\S+) +\d+ /gm, "$1 ").replace(/^total \d+$/gm, "");

beforeAll(async () => {
  if (missing !== null) return;
  console.log(`SEED=${SEED}`);
  d = await testDaemon();
  for (const name of NAMES) {
    await d.ok("launch", "busybox", name);
    await d.sh(name, UPGRADE);
    await d.ok("stop", "-t", "1", name);
  }
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

const inodes = (): number[] =>
  readdirSync(`${d.instance.state}/images/lowers`).map(
    (id) => lstatSync(`${d.instance.state}/images/lowers/${id}/usr/lib/pkg/big`).ino,
  );
const figures = async (name: string) =>
  (await d.json("share", "report")).containers.find((c: { container: string }) => c.container === name);

describe(`files in common (SEED=${SEED})`, () => {
  test("of images: equal files are one inode, an image goes without harm to another, garbage is freed", async () => {
    const files = [
      ...SYSTEM,
      { name: "usr/", type: "directory" as const },
      { name: "usr/data", data: "d".repeat(9999) },
    ];
    for (const [alias, more] of [
      ["one", "1"],
      ["other", "2"],
    ] as const) {
      writeFileSync(`${d.dir}/image.tar`, archive([...files, { name: "usr/own", data: more }]));
      await d.ok("image", "import", "--alias", alias, `${d.dir}/image.tar`);
    }
    const stats = [];
    for (const alias of ["one", "other"]) {
      const { digest } = await d.json("image", "info", alias);
      stats.push(lstatSync(`${d.instance.state}/images/${digest.slice(7)}/rootfs/usr/data`));
    }
    expect(stats[0]!.ino).toBe(stats[1]!.ino);
    expect(stats[0]!.nlink).toBe(3);
    await d.ok("image", "delete", "one");
    expect((await d.json("image", "check")).damaged).toEqual([]);
    const { images, objects } = await d.json("image", "prune", "--all");
    expect(images).toEqual(["other"]);
    expect(objects).toBeGreaterThan(0);
    expect((await d.json("image", "check")).unused).toBe(0);
  }, 60_000);

  test("a running container is refused, or shared at its next start", async () => {
    await d.ok("start", "a");
    expect((await d.warren(["share", "a"])).stderr).toContain("--at-start");
    expect(await d.json("share", "a", "--at-start")).toMatchObject({ atStart: ["a"], containers: [] });
    const before = await look("a");
    await d.ok("restart", "-t", "1", "a");
    expect(await look("a")).toBe(before);
    await d.ok("stop", "-t", "1", "a");
    expect(inodes()).toHaveLength(1);
  }, 60_000);

  test("of containers: one inode for all, the report tells, and a copy has it too", async () => {
    expect((await figures("c")).regainable).toBeGreaterThan(BIG);
    const { regained } = await d.json("share", "--all");
    expect(regained).toBeGreaterThan(2 * BIG);
    expect(new Set(inodes()).size).toBe(1);
    expect(await figures("c")).toMatchObject({ regainable: 0 });
    await d.ok("copy", "c", "copy");
    await d.ok("start", "c", "copy");
    expect(await look("copy")).toBe(await look("c"));
    expect(inodes()).toHaveLength(4);
    await d.sh("c", "echo mine >> /usr/lib/pkg/big");
    expect(await d.sh("copy", "wc -c < /usr/lib/pkg/big")).toBe(String(BIG));
    await d.ok("delete", "-y", "--force", "copy");
    await until("its layer is gone", () => readdirSync(`${d.instance.state}/images/lowers`).length === 3);
    await d.sh("c", UPGRADE);
    await d.ok("stop", "-t", "1", "c");
    expect((await d.json("image", "check")).damaged).toEqual([]);
  }, 60_000);

  test("a damaged file is found with those who hold it, taken out, and mended by making the image anew", async () => {
    writeFileSync(`${d.dir}/image.tar`, archive([...SYSTEM, { name: "usr/data", data: "d".repeat(9999) }]));
    await d.ok("image", "import", "--alias", "hurt", `${d.dir}/image.tar`);
    const { digest } = await d.json("image", "info", "hurt");
    appendFileSync(`${d.instance.state}/images/${digest.slice(7)}/rootfs/usr/data`, "!");
    const { code, stdout } = await d.warren(["-o", "json", "image", "check", "--repair"]);
    expect(code).toBe(1);
    const { damaged, repaired } = JSON.parse(stdout);
    expect(repaired).toBe(1);
    expect(damaged.map((it: { kind: string; images: string[] }) => [it.kind, it.images])).toEqual([
      ["image", ["hurt"]],
      ["object", ["hurt"]],
    ]);
    await d.ok("image", "import", "--alias", "mended", `${d.dir}/image.tar`);
    expect((await d.json("image", "check")).damaged).toEqual([]);
    await d.ok("image", "delete", "mended");
  }, 60_000);

  test(
    `${ROUNDS} kills during sharing, its undoing, imports and deletions: nothing is damaged, lost or left`,
    async () => {
      const random = randomness(SEED);
      await d.ok("start", ...NAMES);
      const before = new Map<string, string>();
      for (const name of NAMES) before.set(name, await look(name));
      await d.ok("stop", "--force", ...NAMES);
      for (let round = 0; round < ROUNDS; round++) {
        writeFileSync(
          `${d.dir}/image.tar`,
          archive([
            ...SYSTEM,
            { name: "usr/x", data: "y".repeat(5 << 20) },
            { name: "usr/n", data: `${round}` },
          ]),
        );
        const commands = [
          round % 2 ? ["share", "--all"] : ["share", "undo", ...NAMES],
          ["image", "import", "--alias", `i${round}`, `${d.dir}/image.tar`],
          ["image", "delete", `i${round - 1}`],
          ["copy", "a", `copy${round}`],
        ];
        const clients = commands.map((args) => d.warren(args));
        await Bun.sleep(amid(20 + random() * 250));
        await d.kill();
        await Promise.all(clients);
        await d.start();
        await until("the trash is emptied", async () =>
          (await d.strays()).every((it) => !it.includes("trash")),
        );
        expect([round, await d.strays()]).toEqual([round, []]);
        expect([round, (await d.json("image", "check")).damaged]).toEqual([round, []]);
        await d.ok("start", ...NAMES);
        for (const name of NAMES)
          expect([round, name, await look(name)]).toEqual([round, name, before.get(name)!]);
        await d.ok("stop", "--force", ...NAMES);
        await d.warren(["delete", "-y", "--force", `copy${round}`]);
      }
      rmSync(`${d.dir}/image.tar`);
      await d.ok("share", "--all");
      expect(new Set(inodes()).size).toBe(1);
    },
    ROUNDS * 20_000,
  );
});

onBtrfs.describe("files in common on btrfs", () => {
  onBtrfs.test(
    "where containers are subvolumes, whose files can't have names elsewhere",
    async () => {
      using disk = testDisk("btrfs");
      await using other = await testDaemon(true, disk.at);
      for (const name of ["x", "y"]) {
        await other.ok("launch", "busybox", name);
        await other.sh(name, UPGRADE);
        await other.ok("stop", "-t", "1", name);
      }
      expect((await other.json("share", "--all")).regained).toBeGreaterThan(BIG);
      await other.ok("start", "x", "y");
      const said: string[] = [];
      for (const name of ["x", "y"])
        said.push(await other.sh(name, "cd /usr/lib/pkg; md5sum big one deep/*"));
      expect(said[0]).toContain("deep/f8");
      expect(said[0]).toBe(said[1]!);
      expect((await other.json("image", "check")).damaged).toEqual([]);
      await other.ok("delete", "--all", "--force", "-y");
      await other.stop();
    },
    60_000,
  );
});
