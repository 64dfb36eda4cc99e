/** Many containers at once, and two daemons on one host. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type TestDaemon, testDaemon } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { describe, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
);
const MANY = 60;

interface Row {
  name: string;
  state: string;
  addresses: string[];
}

describe(`${MANY} containers`, async () => {
  const { test } = await import("bun:test");
  let d: TestDaemon;
  const names = Array.from({ length: MANY }, (_, i) => `c${i}`);
  beforeAll(async () => {
    if (missing === null) d = await testDaemon();
  }, 60_000);
  afterAll(() => d?.[Symbol.asyncDispose]());

  test("are launched in parallel, each with ids and addresses of its own", async () => {
    const ended = await Promise.all(names.map((name) => d.warren(["launch", "busybox", name])));
    expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
    const rows: Row[] = await d.json("list");
    expect(rows.map(({ name, state }) => `${name} ${state}`).sort()).toEqual(
      names.map((name) => `${name} running`).sort(),
    );
    expect(new Set(rows.flatMap((row) => row.addresses)).size).toBe(2 * MANY);
    const infos = await Promise.all(names.map((name) => d.json("info", name)));
    expect(new Set(infos.map((info) => info.idmap.base)).size).toBe(MANY);
    expect(await d.strays()).toEqual([]);
  }, 120_000);

  test("are reached by the host, the first and the last reach each other", async () => {
    const rows: Row[] = await d.json("list");
    const address = (name: string, six: boolean) =>
      rows.find((row) => row.name === name)?.addresses.find((a) => a.includes(":") === six) ?? "";
    for (const six of [false, true]) await d.reaches("c0", address(`c${MANY - 1}`, six));
    for (const name of names) {
      const { exitCode } = Bun.spawnSync(["bash", "-c", `echo > /dev/tcp/${address(name, false)}/9`], {
        stderr: "pipe",
        timeout: 5_000,
      });
      expect([name, exitCode]).toEqual([name, 1]); // refused at once by the guest; unreachable would wait for the timeout
    }
  }, 60_000);

  test("are deleted with one command, and nothing of them is left", async () => {
    await d.ok("delete", "--all", "--force", "-y");
    expect(await d.json("list")).toEqual([]);
    await d.stop();
    expect(d.left()).toEqual([]);
  }, 120_000);
});

describe("two daemons on one host", async () => {
  const { test } = await import("bun:test");
  let a: TestDaemon;
  let b: TestDaemon;
  beforeAll(async () => {
    if (missing === null) [a, b] = await Promise.all([testDaemon(), testDaemon()]);
  }, 60_000);
  afterAll(async () => {
    await a?.[Symbol.asyncDispose]();
    await b?.[Symbol.asyncDispose]();
  });

  test("the same names, nothing else in common", async () => {
    await Promise.all([a, b].flatMap((d) => ["web", "db"].map((name) => d.ok("launch", "busybox", name))));
    const infos = await Promise.all([a, b].flatMap((d) => ["web", "db"].map((name) => d.json("info", name))));
    for (const what of ["uuid", "initPid", "rootfs", "cgroup", "link"])
      expect([what, new Set(infos.map((info) => info[what])).size]).toEqual([what, 4]);
    expect(new Set(infos.map((info) => info.idmap.base)).size).toBe(4);
    expect(new Set(infos.flatMap((info) => info.addresses)).size).toBe(8);
    await a.sh("web", "touch /root/of-a");
    expect(await b.sh("web", "ls /root")).toBe("");
  }, 60_000);

  test("one directory is served by one daemon", async () => {
    const second = await a.warren(["daemon"]);
    expect(second.code).toBe(4);
    expect(second.stderr).toContain("another daemon");
    expect((await a.json("info", "web")).state).toBe("running");
  }, 30_000);

  test("one is killed, cleaned up and ended; the other's containers notice nothing", async () => {
    const before = await Promise.all(["web", "db"].map((name) => b.json("info", name)));
    await a.kill();
    await a.start();
    await a.ok("delete", "--all", "--force", "-y");
    await a.stop();
    expect(a.left()).toEqual([]);
    const after = await Promise.all(["web", "db"].map((name) => b.json("info", name)));
    expect(after.map((i) => [i.name, i.state, i.initPid])).toEqual(
      before.map((i) => [i.name, i.state, i.initPid]),
    );
    expect(await b.strays()).toEqual([]);
    for (const address of before[1].addresses) await b.reaches("web", address);
    await b.ok("delete", "--all", "--force", "-y");
    await b.stop();
    expect(b.left()).toEqual([]);
  }, 60_000);
});
