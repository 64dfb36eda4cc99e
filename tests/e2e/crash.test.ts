/** The daemon killed at random moments: what runs runs on, and records and host agree again after its next start. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { archive, SYSTEM } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { amid } from "../helpers/patience.ts";
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
const ROUNDS = 20;

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
beforeAll(async () => {
  if (missing !== null) return;
  console.log(`SEED=${SEED}`);
  d = await testDaemon();
  await d.ok("launch", "busybox", "keeper");
  await d.ok("launch", "busybox", "sleeper");
  await d.ok("freeze", "sleeper");
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

const initPid = async (name: string): Promise<number | null> => (await d.json("info", name)).initPid;
/**
 * Starts commands at once, kills the daemon amid them, and lets their clients end as they like. On a slow host it takes them
 * longer to get at the daemon.
 */
async function interrupt(commands: string[][], ms: number): Promise<void> {
  const clients = commands.map((args) => d.warren(args));
  await Bun.sleep(amid(ms));
  await d.kill();
  await Promise.all(clients);
}
/** What is wrong once the daemon runs again and has done what it does behind its start. */
async function settled(): Promise<string[]> {
  await d.start();
  return wrongForLong();
}
/**
 * A guest that was told to halt just before may end between the question what runs and the look at the host, so what is
 * wrong must stay so.
 */
async function wrongForLong(): Promise<string[]> {
  for (const end = Date.now() + 20_000; ; await Bun.sleep(100)) {
    const wrong = await d.strays();
    if (wrong.length === 0 || Date.now() > end) return wrong;
  }
}

describe(`kill -9 of the daemon (SEED=${SEED})`, () => {
  test(`${ROUNDS} times during parallel launches and deletes`, async () => {
    const random = randomness(SEED);
    const kept = { keeper: await initPid("keeper"), sleeper: await initPid("sleeper") };
    for (let round = 0; round < ROUNDS; round++) {
      const there: string[] = (await d.json("list")).map((c: { name: string }) => c.name);
      const running = new Map<string, number | null>();
      for (const name of there) running.set(name, await initPid(name));
      const gone = there.filter((name) => /^r\d/.test(name) && random() < 0.7);
      const commands = [
        ...Array.from({ length: 4 }, (_, i) => ["launch", "busybox", `r${round}-${i}`]),
        ...gone.map((name) => ["delete", "-y", "--force", name]),
      ];
      await interrupt(commands, 20 + random() * 250);
      expect([round, await settled()]).toEqual([round, []]);
      for (const [name, pid] of running) {
        if (gone.includes(name) || pid === null) continue;
        expect([round, name, await initPid(name)]).toEqual([round, name, pid]);
      }
      for (const c of await d.json("list"))
        expect([c.name, c.state]).toEqual([
          c.name,
          expect.stringMatching(/^(created|running|stopped|frozen)$/),
        ]);
    }
    expect(await initPid("keeper")).toBe(kept.keeper);
    expect(await initPid("sleeper")).toBe(kept.sleeper);
    expect((await d.json("info", "sleeper")).state).toBe("frozen");
    expect(await d.sh("keeper", "hostname")).toBe("keeper");
  }, 300_000);

  test("during copies of one that runs: it runs on afterwards, not halted", async () => {
    await d.sh("keeper", "for i in $(seq 2000); do echo $i > /root/f$i; done");
    const random = randomness(SEED + 1);
    for (let round = 0; round < 4; round++) {
      await interrupt([["copy", "keeper", `twin${round}`]], 10 + random() * 60);
      expect([round, await settled()]).toEqual([round, []]);
      expect((await d.json("info", "keeper")).state).toBe("running");
    }
    expect(await d.sh("keeper", "ls /root | wc -l")).toBe("2000");
  }, 60_000);

  test("during renames, stops, starts, freezes and pushes into stopped ones", async () => {
    const random = randomness(SEED + 2);
    const blob = `${d.dir}/blob`;
    writeFileSync(blob, new Uint8Array(4 << 20));
    for (let round = 0; round < 6; round++) {
      const [a, b, c, e] = ["a", "b", "c", "e"].map((letter) => `${letter}${round}`) as [
        string,
        string,
        string,
        string,
      ];
      await d.ok("create", "busybox", a);
      await d.ok("create", "busybox", b);
      await d.ok("launch", "busybox", c);
      await d.ok("launch", "busybox", e);
      const commands = [
        ["rename", a, `${a}new`],
        ["file", "push", blob, `${b}/root/blob`],
        ["stop", "-t", "1", c],
        ["freeze", e],
      ];
      await interrupt(commands, 10 + random() * 150);
      expect([round, await settled()]).toEqual([round, []]);
      const names: string[] = (await d.json("list")).map((it: { name: string }) => it.name);
      expect(names.filter((name) => name.startsWith(a))).toHaveLength(1);
      expect(names).toContain(b);
      for (const name of [`${a}new`, b, c])
        if (names.includes(name) && (await initPid(name)) === null) await d.ok("start", name);
      expect([round, await wrongForLong()]).toEqual([round, []]);
      await d.ok("delete", "-y", "--force", ...names.filter((name) => /^[abce]\d/.test(name)));
    }
  }, 120_000);

  test("during imports and builds of images: no half image, and the same work succeeds afterwards", async () => {
    const random = randomness(SEED + 3);
    const file = `${d.dir}/image.tar`;
    writeFileSync(file, archive([...SYSTEM, { name: "etc/big", data: "x".repeat(30 << 20) }]));
    for (let round = 0; round < 4; round++) {
      await interrupt(
        [
          ["image", "import", "--alias", "mine", file],
          ["image", "build", "busybox", "--force"],
        ],
        20 + random() * 300,
      );
      expect([round, await settled()]).toEqual([round, []]);
    }
    await d.warren(["image", "delete", "mine"]); // an import may have come to its end before the kill
    await d.ok("image", "import", "--alias", "mine", file);
    expect((await d.json("image", "list")).flatMap((i: { aliases: string[] }) => i.aliases)).toContain(
      "mine",
    );
    expect(await d.strays()).toEqual([]);
  }, 60_000);

  test("operations under way are told as failed, events go on without a gap", async () => {
    await d.ok("launch", "busybox", "busy");
    const init = (await initPid("busy")) as number;
    // It can't halt, so its stop is under way for as long as we like.
    process.kill(init, "SIGSTOP");
    const stop = d.warren(["stop", "busy", "-t", "600"]);
    await until("its stop is under way", async () =>
      (await d.json("operation", "list")).some(
        (o: { kind: string; state: string }) => o.kind === "container.stop" && o.state === "running",
      ),
    );
    await d.kill();
    expect((await stop).code).toBe(75);
    await d.start();
    process.kill(init, "SIGCONT");
    const events = (await d.ok("events", "-o", "json"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => events[0].seq + i));
    const operations = await d.json("operation", "list");
    expect(operations.filter((o: { state: string }) => ["queued", "running"].includes(o.state))).toEqual([]);
    const told = operations.filter(
      (o: { kind: string; targets: string[]; error?: { message: string } }) =>
        o.kind === "container.stop" &&
        o.targets.includes("busy") &&
        /daemon ended/.test(o.error?.message ?? ""),
    );
    expect(told.length).toBe(1);
    await d.ok("delete", "busy", "--force", "-y");
  }, 30_000);

  test("ends and reboots from within while no daemon runs are seen at its next start", async () => {
    for (const name of ["halts", "reboots", "dies"])
      await d.ok("launch", "busybox", name, "--set", "memory.limit=96M");
    await d.ok("set", "reboots", "memory.limit=80M", "--save");
    const pids = {
      reboots: await initPid("reboots"),
      dies: await initPid("dies"),
      halts: await initPid("halts"),
    };
    const [, last] = [0, (await d.ok("events", "-o", "json")).trim().split("\n").length];
    for (const [name, command] of [
      ["halts", "poweroff"],
      ["reboots", "reboot"],
    ] as const)
      await d.sh(name, `(sleep 1; ${command}) >/dev/null 2>&1 &`);
    await d.kill();
    process.kill(pids.dies as number, "SIGKILL");
    await until("the inits have ended", () =>
      [pids.reboots, pids.halts, pids.dies].every((pid) => !isAlive(pid as number)),
    );
    await until("it rebooted", () =>
      readFileSync(`${d.instance.run}/lxc/reboots/init`, "utf8").startsWith("2 "),
    );
    expect(await settled()).toEqual([]);
    expect(await d.json("list", "reboots")).toMatchObject([{ state: "running" }]);
    expect((await d.json("get", "reboots", "memory.limit"))["memory.limit"]).toMatchObject({
      effective: 80 * 2 ** 20,
    });
    expect((await d.json("info", "halts")).state).toBe("stopped");
    expect(await d.json("info", "dies")).toMatchObject({
      state: "error",
      failure: expect.stringContaining("Killed"),
    });
    const since = (await d.ok("events", "-o", "json"))
      .trim()
      .split("\n")
      .slice(last)
      .map((line) => JSON.parse(line));
    expect(since.map((e) => `${e.type} ${e.container}`)).toEqual(
      expect.arrayContaining([
        "container-stopped halts",
        "container-crashed dies",
        "container-adopted reboots",
      ]),
    );
    await d.ok("delete", "-y", "--force", "halts", "reboots", "dies");
  }, 60_000);

  test("a daemon that ends as told leaves the host as it was", async () => {
    await d.ok("delete", "--all", "--force", "-y");
    await d.stop();
    expect(d.left()).toEqual([]);
  });
});

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
