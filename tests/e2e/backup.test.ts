/** Containers to files and back: whole, with snapshots, only what changed; cut off, altered, hostile, and killed half way. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type Piece, writeArchive } from "../../src/host/backup/index.ts";
import { archive } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { amid, patience } from "../helpers/patience.ts";
import { LATER, portrait, VARIETY } from "../helpers/portrait.ts";
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
  "tar",
);
const SEED = Number(Bun.env.SEED ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const ROUNDS = Number(Bun.env.ROUNDS ?? 12);

/** Where exports come from, and another host that gets them. */
let here: TestDaemon;
let there: TestDaemon;
let first: string;
let second: string;
const file = (name: string): string => `${here.dir}/${name}.tar.zst`;

beforeAll(async () => {
  if (missing !== null) return;
  console.log(`SEED=${SEED}`);
  here = await testDaemon();
  there = await testDaemon();
  await here.ok("launch", "busybox", "web", "--set", "pids.limit=123");
  await here.sh("web", VARIETY);
  first = await portrait(here, "web");
  await here.ok("snapshot", "create", "web", "monday", "--comment", "the first");
  await here.sh("web", LATER);
  second = await portrait(here, "web");
  await here.ok("snapshot", "create", "web", "tuesday");
}, 60_000);
afterAll(async () => {
  await here?.[Symbol.asyncDispose]();
  await there?.[Symbol.asyncDispose]();
});

/** What a container of the other host looks like once it runs. */
async function seen(name: string): Promise<string> {
  await there.ok("start", name);
  const it = await portrait(there, name);
  await there.ok("stop", "-t", "1", name);
  return it;
}
/** What is left on the host, once the trash had its time to be emptied. */
async function settled(d: TestDaemon): Promise<string[]> {
  for (const end = Date.now() + patience(60_000); ; await Bun.sleep(20)) {
    const found = await d.strays();
    if (Date.now() > end || !found.some((line) => /trash|\+ snapshot/.test(line))) return found;
  }
}
const count = (path: string): number => (existsSync(path) ? readdirSync(path).length : 0);
const gone = async (...names: string[]): Promise<void> => {
  for (const name of names) await there.ok("delete", name, "--force");
};

describe("a whole container", () => {
  test("comes back on another host with files, levels and image; one that runs is exported as it is", async () => {
    await here.ok("export", "web", file("whole"));
    expect((await here.json("info", "web")).state).toBe("running");
    expect(statSync(file("whole")).mode & 0o777).toBe(0o600);
    await there.ok("import", file("whole"));
    expect(await seen("web")).toBe(second);
    expect((await there.json("get", "web", "pids.limit"))["pids.limit"].saved).toBe(123);
    expect((await there.json("image", "list")).map((i: { aliases: string[] }) => i.aliases)).toEqual([
      ["busybox"],
    ]);
    expect((await there.json("info", "web")).snapshots).toEqual([]);
    expect(await settled(here)).toEqual([]);
  }, 20_000);
  test("under another name, through a pipe; a name that is taken is refused", async () => {
    const refused = await there.warren(["import", file("whole")]);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("exists already")]);
    const piped = await there.warren(["import", "-", "web2"], Bun.file(file("whole")));
    expect([piped.code, piped.stdout]).toEqual([0, "web2 imported\n"]);
    expect(await seen("web2")).toBe(second);
    await gone("web", "web2");
  }, 20_000);
  test("with its snapshots, each as it was", async () => {
    await here.ok("export", "web", file("all"), "--snapshots");
    await there.ok("import", file("all"));
    const list = await there.json("snapshot", "list", "web");
    expect(list.map((s: { name: string; comment: string }) => [s.name, s.comment])).toEqual([
      ["monday", "the first"],
      ["tuesday", ""],
    ]);
    expect(await seen("web")).toBe(second);
    await there.ok("snapshot", "restore", "web", "monday");
    expect(await seen("web")).toBe(first);
    await gone("web");
  }, 20_000);
  test("into a pool of choice, snapshots too, each with its own levels; or into the one for new containers", async () => {
    await here.ok("set", "web", "pids.limit=77", "--save");
    await here.ok("export", "web", file("levels"), "--snapshots");
    await here.ok("set", "web", "pids.limit=123", "--save");
    const path = `${there.dir}/elsewhere`;
    const at = (pool: string) => ["containers", "snapshots"].map((each) => count(`${pool}/${each}`));
    await there.ok("pool", "create", "more", "--path", path);
    await there.ok("import", file("levels"), "--pool", "more");
    expect((await there.json("info", "web")).pool).toBe("more");
    expect([at(path), at(there.instance.state)]).toEqual([
      [1, 2],
      [0, 0],
    ]);
    expect(await seen("web")).toBe(second);
    const limit = async () => (await there.json("info", "web")).levels["pids.limit"];
    expect(await limit()).toBe(77);
    await there.ok("snapshot", "restore", "web", "monday");
    expect([await seen("web"), await limit()]).toEqual([first, 123]);
    await here.ok("export", "web/tuesday", file("change"), "--since", "monday");
    const elsewhere = await there.warren(["import", file("change"), "--pool", "default"]);
    expect([elsewhere.code, elsewhere.stderr]).toEqual([5, expect.stringContaining('is in the pool "more"')]);
    const none = await there.warren(["import", file("levels"), "x", "--pool", "no"]);
    expect([none.code, none.stderr]).toEqual([3, expect.stringContaining('no pool "no"')]);
    await there.ok("pool", "set-default", "more");
    await there.ok("import", file("levels"), "x");
    expect((await there.json("info", "x")).pool).toBe("more");
    await there.ok("pool", "set-default", "default");
    await gone("web", "x");
    await there.ok("pool", "delete", "more");
  }, 60_000);
  test("thin: the other host must have the image", async () => {
    await here.ok("export", "web", file("thin"), "--thin");
    expect(statSync(file("thin")).size).toBeLessThan(statSync(file("whole")).size / 10);
    await there.ok("image", "delete", "busybox");
    const refused = await there.warren(["import", file("thin")]);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("busybox")]);
    await there.ok("image", "build", "busybox");
    await there.ok("import", file("thin"));
    await gone("web");
  }, 20_000);
});

describe("what changed since a snapshot", () => {
  test("brings another host's container up to date, from snapshot to snapshot", async () => {
    await here.ok("export", "web/monday", file("monday"));
    await here.ok("export", "web/tuesday", file("tuesday"), "--since", "monday");
    expect(statSync(file("tuesday")).size).toBeLessThan(statSync(file("monday")).size / 10);
    await there.ok("import", file("monday"));
    expect((await there.json("info", "web")).snapshots).toEqual(["monday"]);
    await there.ok("import", file("tuesday"));
    expect((await there.json("info", "web")).snapshots).toEqual(["monday", "tuesday"]);
    await here.sh("web", "echo three > /root/b; rm /root/a");
    await here.ok("snapshot", "create", "web", "wednesday");
    await here.ok("export", "web/wednesday", file("wednesday"), "--since", "tuesday");
    await there.ok("import", file("wednesday"));
    const third = await portrait(here, "web");
    expect(await seen("web")).toBe(third);
    await there.ok("snapshot", "restore", "web", "tuesday");
    expect(await seen("web")).toBe(second);
  }, 20_000);
  test("is refused where it does not fit, and the container stays as it is", async () => {
    const at = async (...args: string[]): Promise<[number, string]> => {
      const { code, stderr } = await there.warren(args);
      return [code, stderr];
    };
    // It was started, and so is not quite what the snapshot kept.
    expect(await at("import", file("wednesday"))).toEqual([5, expect.stringContaining("changed here since")]);
    await there.ok("start", "web");
    expect(await at("import", file("wednesday"))).toEqual([4, expect.stringContaining("runs")]);
    expect(await portrait(there, "web")).toBe(second);
    await there.ok("stop", "-t", "1", "web");
    await there.ok("create", "busybox", "other");
    expect(await at("import", file("tuesday"), "other")).toEqual([
      5,
      expect.stringContaining("no snapshot of that content"),
    ]);
    expect(await at("import", file("tuesday"), "nobody")).toEqual([3, expect.stringContaining("nobody")]);
    await there.ok("snapshot", "delete", "web", "wednesday");
    await there.ok("import", "--force", file("wednesday"));
    expect(await there.sh("web", "true").catch(() => "stopped")).toBe("stopped");
    expect((await there.json("info", "web")).snapshots).toEqual(["monday", "tuesday", "wednesday"]);
    await gone("web", "other");
  }, 20_000);
});

describe("what is wrong with a file", () => {
  const refusedAs = async (name: string, bytes: Uint8Array): Promise<[number, string]> => {
    writeFileSync(file(name), bytes);
    const { code, stderr } = await there.warren(["import", file(name)]);
    expect((await there.json("list")).map((c: { name: string }) => c.name)).toEqual([]);
    expect(await settled(there)).toEqual([]);
    return [code, stderr];
  };
  test("cut off or altered anywhere, it changes nothing", async () => {
    const whole = readFileSync(file("whole"));
    for (const part of [0.001, 0.3, 0.7, 0.99]) {
      const [code, said] = await refusedAs("cut", whole.subarray(0, Math.floor(whole.length * part)));
      expect([part, code, said]).toEqual([part, 2, expect.stringContaining("broken")]);
    }
    for (const part of [0.2, 0.6, 0.95]) {
      const altered = Buffer.from(whole);
      altered[Math.floor(altered.length * part)]! ^= 0x10;
      expect((await refusedAs("altered", altered))[0]).toBe(2);
    }
    expect((await refusedAs("stranger", Buffer.from("hello")))[0]).toBe(2);
  }, 30_000);

  /** An export with files of one's own making. */
  async function forged(files: Uint8Array<ArrayBuffer>, meta: object): Promise<Uint8Array> {
    const { digest } = (await there.json("image", "list"))[0];
    async function* pieces(): AsyncGenerator<Piece, void> {
      const container = {
        ...{ name: "evil", init: "busybox", levels: {}, priority: 0 },
        ...{ profiles: [], overcommit: false, started: true, app: null },
      };
      const image = {
        ...{ digest, alias: "busybox", description: "", source: "x" },
        ...{ architecture: "amd64", app: null, included: false },
      };
      const stages = [{ snapshot: null, container }];
      const manifest = {
        format: "warren-export",
        version: 1,
        made: "now",
        of: "evil",
        image,
        base: null,
        stages,
      };
      yield { name: "manifest.json", text: JSON.stringify(manifest) };
      const whole = { digest: `sha256:${"0".repeat(64)}`, removed: [], whiteouts: [], overlay: [], ...meta };
      yield { name: "0/meta.json", text: JSON.stringify(whole) };
      yield { name: "0/files", open: () => new Blob([files]).stream() };
    }
    return new Response(writeArchive(pieces()).stream).bytes();
  }
  test("one that reaches for the host does not get there", async () => {
    const outside = `${there.dir}/outside`;
    writeFileSync(outside, "untouched");
    const link = archive([
      { name: "./way", type: "symlink", target: there.dir },
      { name: "./way/outside", data: "taken" },
    ]);
    const up = archive([{ name: "../../../../../outside", data: "taken" }]);
    const device = archive([{ name: "./disk", type: "block", device: [8, 0] }]);
    const below = archive([{ name: "./way", type: "symlink", target: there.dir }]);
    for (const [files, meta] of [
      [link, {}],
      [up, {}],
      [device, {}],
      [below, { removed: ["./way/outside"] }],
      [below, { whiteouts: ["./way/white"] }],
      [below, { overlay: [{ path: "./way", name: "opaque", value: "y" }] }],
      [below, { removed: ["./../../outside"] }],
    ] as const) {
      const [code] = await refusedAs("forged", await forged(files, meta));
      expect(code).toBeGreaterThan(0);
      expect(readFileSync(outside, "utf8")).toBe("untouched");
      expect(existsSync(`${there.dir}/white`)).toBe(false);
    }
  }, 30_000);
});

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

test(
  `${ROUNDS} kills of the daemon amid snapshots, restores, exports, imports, publishing (SEED=${SEED})`,
  async () => {
    const random = randomness(SEED);
    await there.ok("import", file("all"), "base");
    await there.ok("launch", "busybox", "runs");
    await there.sh("runs", "for i in $(seq 500); do echo $i > /root/f$i; done");
    await there.ok("snapshot", "create", "runs", "kept");
    const { initPid } = await there.json("info", "runs");
    for (let round = 0; round < ROUNDS; round++) {
      const commands = [
        ["snapshot", "create", "runs", `r${round}`],
        ["snapshot", "restore", "base", round % 2 ? "monday" : "tuesday"],
        ["export", "runs", file("interrupted"), "--force"],
        ["import", file("all"), `i${round}`],
        ["image", "publish", "runs/kept", `p${round}`],
      ];
      const clients = commands.map((args) => there.warren(args));
      await Bun.sleep(amid(20 + random() * 300));
      await there.kill();
      await Promise.all(clients);
      await there.start();
      expect([round, await settled(there)]).toEqual([round, []]);
      expect([round, await there.json("info", "runs")]).toEqual([
        round,
        expect.objectContaining({ state: "running", initPid }),
      ]);
      const image = await there.warren(["image", "check"]);
      expect([round, image.code, image.stderr]).toEqual([round, 0, ""]);
      const whole = [first, second];
      expect([round, whole.includes(await seen("base"))]).toEqual([round, true]);
      for (const { name } of await there.json("list"))
        if (/^i\d/.test(name)) {
          expect([round, await seen(name)]).toEqual([round, second]);
          await gone(name);
        }
    }
    rmSync(file("interrupted"), { force: true });
    await gone("base", "runs");
  },
  Math.max(300_000, ROUNDS * 6_000),
);
