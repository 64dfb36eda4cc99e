/** Limits of processes and of the network in a real guest: set live, out of its reach, there again after its reboot. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;
const { describe, test, missing } = requires(...NEEDS);
const MIB = 2 ** 20;
let d: TestDaemon;
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "a", "--set", "rlimit.nofile=5000", "--set", "oom.priority=200");
}, 60_000);
afterAll(async () => {
  await d?.[Symbol.asyncDispose]();
});

const info = () => d.json("info", "a");
const effective = async (...keys: string[]) => {
  const all = await d.json("get", "a", ...keys);
  return keys.map((key) => all[key].effective);
};
const counter = async (key: string) =>
  (await d.json("counters", "a")).find((row: { key: string }) => row.key === key);
const limitsOf = (pid: number) => readFileSync(`/proc/${pid}/limits`, "utf8");
const host = (...cmd: string[]) => Bun.spawnSync({ cmd, timeout: 10_000 }).stdout.toString();
const table = () => `warren-${d.instance.tag}-connections`;
/** Reboots from within and waits for the new init. */
async function reboot(whileAway: () => Promise<unknown> = async () => undefined): Promise<void> {
  const file = `${d.instance.run}/lxc/a/init`;
  const runs = Number(readFileSync(file, "utf8").split(" ")[0]);
  await d.sh("a", "(sleep 1; reboot) >/dev/null 2>&1 &");
  await whileAway();
  await until("it rebooted", () => readFileSync(file, "utf8").startsWith(`${runs + 1} `));
}

describe("limits of processes", () => {
  test("init begins with them, commands that join have them, the guest's root can't lift them", async () => {
    expect(limitsOf((await info()).initPid)).toMatch(/^Max open files +5000 +5000 /m);
    expect(await effective("rlimit.nofile", "oom.priority")).toEqual([5000, 200]);
    const said = "ulimit -Hn; cat /proc/self/oom_score_adj; ulimit -Hn 6000 2>/dev/null || echo refused";
    expect(await d.sh("a", said)).toBe("5000\n200\nrefused");
  });

  test("one change brings many to all processes, the same init going on", async () => {
    const { initPid } = await info();
    const change = ["nofile=1000", "nproc=40", "stack=1M", "core=0", "sigpending=500", "msgqueue=100000"];
    await d.ok(
      "set",
      "a",
      ...change.map((each) => `rlimit.${each}`),
      "rlimit.memlock=1M",
      "oom.priority=100",
    );
    expect(await effective("rlimit.nofile", "rlimit.nproc", "rlimit.stack", "rlimit.core")).toEqual([
      1000,
      40,
      MIB,
      0,
    ]);
    expect((await info()).initPid).toBe(initPid);
    expect(limitsOf(initPid)).toMatch(/^Max open files +1000 +1000 /m);
    expect(await d.sh("a", "ulimit -Hn; ulimit -Hc; cat /proc/self/oom_score_adj")).toBe("1000\n0\n100");
  });

  test("files, processes of one user, stack: a workload is refused what is above", async () => {
    const open = (count: number) =>
      d.sh("a", `paste $(yes /etc/passwd | head -${count}) >/dev/null 2>&1 && echo opened || echo refused`);
    expect(await open(500)).toBe("opened");
    expect(await open(1200)).toBe("refused");
    const bomb = d.warren([
      "exec",
      "-T",
      "-n",
      "a",
      "--",
      "sh",
      "-c",
      "for n in $(seq 80); do sleep 2 & done",
    ]);
    expect((await bomb).stderr).toContain("can't fork");
    expect((await counter("rlimit.nproc")).held).toBeLessThanOrEqual(40);
    // The guest's init takes its time to bury them.
    const fork = () =>
      d.warren(["exec", "-T", "-n", "a", "--", "sh", "-c", "for n in $(seq 9); do : & done"]);
    await until("they have ended", async () => (await fork()).code === 0);
    const deep = `awk 'function f(n) { return n ? 1 + f(n - 1) : 0 } BEGIN { print f(DEPTH) }'`;
    expect(await d.sh("a", deep.replace("DEPTH", "100"))).toBe("100");
    const { code } = await d.warren([
      "exec",
      "-T",
      "-n",
      "a",
      "--",
      "sh",
      "-c",
      deep.replace("DEPTH", "100000"),
    ]);
    expect(code).toBe(139);
  });

  test("a bad one among many leaves all as they were", async () => {
    const { code, stderr } = await d.warren([
      "set",
      "a",
      "rlimit.core=1M",
      "pids.limit=99",
      "rlimit.nofile=7",
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("rlimit.nofile=7");
    expect(await effective("rlimit.core", "pids.limit", "rlimit.nofile")).toEqual([0, 2048, 1000]);
  });

  test("after a reboot from within what was saved is in force, what wasn't is gone", async () => {
    await d.ok("set", "a", "rlimit.nofile=900", "oom.priority=150", "--save");
    await d.ok("set", "a", "rlimit.nofile=800", "oom.priority=170");
    await reboot(() => d.kill());
    const pid = Number(readFileSync(`${d.instance.run}/lxc/a/init`, "utf8").split(" ")[1]);
    expect(limitsOf(pid)).toMatch(/^Max open files +900 +900 /m);
    expect(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8").trim()).toBe("150");
    await d.start();
    expect(await effective("rlimit.nofile", "oom.priority")).toEqual([900, 150]);
  }, 60_000);
});

describe("rates", () => {
  const four = async () => {
    const address = (await info()).addresses.find((each: string) => each.includes("."));
    return /src (\S+)/.exec(host("ip", "route", "get", address))?.[1];
  };
  /** Seconds that so many bytes take from the guest to the host. */
  async function sending(bytes: number): Promise<number> {
    let begun = 0;
    let seen = 0;
    const { promise, resolve } = Promise.withResolvers<number>();
    const server = Bun.listen({
      hostname: "0.0.0.0",
      port: 0,
      socket: {
        open() {
          begun = performance.now();
        },
        data(_, chunk) {
          seen += chunk.length;
          if (seen >= bytes) resolve((performance.now() - begun) / 1000);
        },
      },
    });
    const [took] = await Promise.all([
      promise,
      d.sh("a", `head -c ${bytes} /dev/zero | nc ${await four()} ${server.port}`),
    ]);
    server.stop(true);
    return took;
  }
  /** The same from the host to the guest. */
  async function receiving(bytes: number): Promise<number> {
    let begun = 0;
    const server = Bun.serve({
      hostname: "0.0.0.0",
      port: 0,
      fetch() {
        begun = performance.now();
        return new Response(new Uint8Array(bytes));
      },
    });
    expect(await d.sh("a", `wget -q -O - http://${await four()}:${server.port}/ | wc -c`)).toBe(
      String(bytes),
    );
    await server.stop(true);
    return (performance.now() - begun) / 1000;
  }

  test("what a guest sends and receives takes the time it must, on a link its root has all rights on", async () => {
    const { initPid, link } = await info();
    await d.ok("set", "a", "net.egress=8Mbit", "net.ingress=16Mbit");
    expect(await effective("net.egress", "net.ingress")).toEqual([8_000_000, 16_000_000]);
    expect((await info()).initPid).toBe(initPid);
    // What is let through at once and what still waits when the last byte was taken in is less than a tenth.
    expect(await sending(2_000_000)).toBeGreaterThan(1.8);
    expect(await receiving(4_000_000)).toBeGreaterThan(1.8);
    await d.ok("set", "a", "net.egress=unlimited", "net.ingress=unlimited");
    expect(await effective("net.egress", "net.ingress")).toEqual([null, null]);
    expect(existsSync(`/sys/class/net/${link}i`)).toBe(false);
    expect(host("tc", "qdisc", "show", "dev", link)).not.toMatch(/tbf|ingress/);
  }, 60_000);

  test("they are there again after a reboot from within with no daemon, the saved ones", async () => {
    await d.ok("set", "a", "net.egress=40Mbit", "net.ingress=30Mbit", "net.connections=50", "--save");
    await d.ok("set", "a", "net.egress=unlimited", "net.ingress=20Mbit", "net.connections=60");
    await reboot(() => d.kill());
    const { link } = await (async () => {
      await d.start();
      return info();
    })();
    expect(await effective("net.egress", "net.ingress", "net.connections")).toEqual([
      40_000_000, 30_000_000, 50,
    ]);
    expect(host("nft", "list", "map", "inet", table(), "own")).toContain(`"${link}" : goto limit-50`);
  }, 60_000);

  test("they are there from a start, and nothing of them after the end", async () => {
    const { link } = await info();
    await d.ok("restart", "--force", "a");
    expect(await effective("net.egress", "net.ingress", "net.connections")).toEqual([
      40_000_000, 30_000_000, 50,
    ]);
    await d.ok("stop", "--force", "a");
    expect(existsSync(`/sys/class/net/${link}i`)).toBe(false);
    await until(
      "its limits are forgotten",
      () => !host("nft", "list", "table", "inet", table()).includes(link),
    );
    await d.ok("start", "a");
  }, 60_000);
});

describe("connections", () => {
  test("one too many is dropped and counted, by IPv4 and by IPv6", async () => {
    await d.ok("launch", "busybox", "b");
    const { addresses } = await d.json("info", "b");
    for (const address of addresses) await d.reaches("a", address);
    await d.ok("set", "a", "net.connections=20");
    expect(await effective("net.connections")).toEqual([20]);
    for (const address of addresses) {
      const { fail: before, held: others } = await counter("net.connections");
      // Each ping has an identity of its own, which is tracked for half a minute.
      const ping = `for n in $(seq 40); do ping -c 1 -W 1 ${address} >/dev/null && echo answered & done; wait`;
      const answered = (await d.sh("a", ping)).split("\n").filter(Boolean);
      expect(answered.length).toBeLessThanOrEqual(20);
      const { held, fail, limit } = await counter("net.connections");
      expect(limit).toBe(20);
      expect(fail).toBeGreaterThan(before);
      // Connections from before the change aren't counted.
      expect(held - others).toBeLessThanOrEqual(20);
      expect(held).toBeGreaterThan(0);
    }
    await d.ok("set", "a", "net.connections=unlimited");
    expect(await effective("net.connections")).toEqual([null]);
  }, 60_000);

  test("many changes leave no more behind than the last", async () => {
    for (let most = 100; most < 110; most++) await d.ok("set", "a", `net.connections=${most}`);
    const rules = host("nft", "list", "table", "inet", table());
    expect([...rules.matchAll(/chain limit-(\d+)/g)].map(([, most]) => most).toSorted()).toEqual([
      "109",
      "16384",
    ]);
  }, 60_000);
});
