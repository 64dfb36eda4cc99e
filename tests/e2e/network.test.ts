/** What containers reach and what they can't pretend, with the built-in image. */
import { afterAll, beforeAll, expect } from "bun:test";
import { hostMirrors } from "../../src/host/mmdebstrap/index.ts";
import { DISTRIBUTIONS } from "../../src/plan/recipe.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "busybox", "overlay", "idmap"] as const;
const { test, missing } = requires(...NEEDS);
const outside = requires(...NEEDS, "debian-mirror");

interface Guest {
  name: string;
  four: string;
  six: string;
  link: string;
}
let d: TestDaemon;
let a: Guest;
let b: Guest;

const guest = async (name: string): Promise<Guest> => {
  const { addresses, link } = await d.json("info", name);
  const six = addresses.findIndex((address: string) => address.includes(":"));
  return { name, four: addresses[1 - six], six: addresses[six], link };
};
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await Promise.all(["a", "b"].map((name) => d.ok("launch", "busybox", name)));
  [a, b] = [await guest("a"), await guest("b")];
  // Until duplicate address detection is over, nothing can be said of IPv6.
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const)
    await d.reaches(from.name, to.six);
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

const host = (...cmd: string[]) => {
  const { exitCode, stdout, stderr } = Bun.spawnSync({ cmd, timeout: 10_000 });
  if (exitCode !== 0) throw new Error(`${cmd.join(" ")}: ${stderr}`);
  return stdout.toString();
};
/** Packets that were dropped because their sender is not who it says. */
const spoofed = (): number => {
  const rules = host("nft", "list", "chain", "inet", `warren-${d.instance.tag}`, "spoofing");
  return Number(/counter packets (\d+)/.exec(rules)?.[1]);
};
/** Listens on a port in a container and gives back what came in. */
const listen = (name: string, port: number) => d.sh(name, `timeout 10 nc -l -p ${port} -w 10`);
const listening = (name: string, port: number) =>
  until("it listens", async () => (await d.sh(name, `netstat -ltn | grep -c :${port} || true`)) !== "0");

test("host and guests reach each other by address, IPv4 and IPv6", async () => {
  for (const [n, address] of [a.four, a.six].entries()) {
    const heard = listen("a", 7000 + n);
    await listening("a", 7000 + n);
    const socket = await Bun.connect({ hostname: address, port: 7000 + n, socket: { data() {} } });
    socket.end("from the host\n");
    expect(await heard).toBe("from the host");
  }
  const server = Bun.listen({
    hostname: "::",
    port: 0,
    socket: { open: (s) => void s.end("the host\n"), data() {} },
  });
  const hostAddress = /src (\S+)/.exec(host("ip", "route", "get", a.four))?.[1] ?? "";
  expect(await d.sh("a", `nc -w 5 ${hostAddress} ${server.port} </dev/null`)).toBe("the host");
  server.stop(true);
});

test("guests reach each other and see each other's own address", async () => {
  for (const [n, [from, to]] of [
    [a.four, b.four],
    [a.six, b.six],
  ].entries()) {
    const port = 7010 + n;
    const seen = d.sh("b", `timeout 10 nc -l -p ${port} -e /bin/sh -c 'sleep 0.3; netstat -tn'`);
    await listening("b", port);
    const peers = d.sh("a", `nc -w 5 ${to} ${port} </dev/null || true`);
    await seen;
    expect(await peers).toContain(from ?? "");
  }
});

test("a packet with a foreign sender is dropped on the host's side of the link", async () => {
  for (const foreign of [b.four, "198.51.100.7"]) {
    const before = spoofed();
    await d.sh("a", `ip addr add ${foreign}/32 dev eth0`);
    expect(
      await d.sh(
        "a",
        `ping -c 2 -W 1 -I ${foreign} ${a.four === foreign ? b.four : hostSide()} >/dev/null 2>&1 || echo lost`,
      ),
    ).toBe("lost");
    expect(spoofed()).toBeGreaterThanOrEqual(before + 2);
    await d.sh("a", `ip addr del ${foreign}/32 dev eth0`);
  }
  const before = spoofed();
  const six = b.six.replace(/[^:]+$/, "beef");
  await d.sh("a", `ip -6 addr add ${six}/128 dev eth0`);
  // Nothing is sent from it before the kernel knows that nobody else has it.
  await d.sh(
    "a",
    "for i in $(seq 30); do ip -6 addr show dev eth0 | grep -q tentative || exit 0; sleep 1; done; exit 1",
  );
  await d.sh("a", `ping -c 2 -W 1 -I ${six} ${b.six} >/dev/null 2>&1 || true`);
  expect(spoofed()).toBeGreaterThanOrEqual(before + 2);
  await d.sh("a", `ip -6 addr del ${six}/128 dev eth0`);
});
const hostSide = (): string => /src (\S+)/.exec(host("ip", "route", "get", a.four))?.[1] ?? "";

test("a guest can't take its neighbour's address: what is sent there still goes to the neighbour", async () => {
  await d.sh(
    "a",
    `ip addr add ${b.four}/32 dev eth0; arping -U -c 2 -I eth0 ${b.four} >/dev/null 2>&1 || true`,
  );
  const heard = listen("b", 7020);
  await listening("b", 7020);
  const socket = await Bun.connect({ hostname: b.four, port: 7020, socket: { data() {} } });
  socket.end("for b\n");
  expect(await heard).toBe("for b");
  await d.sh("a", `ip addr del ${b.four}/32 dev eth0`);
  expect(host("ip", "route", "get", b.four)).toContain(b.link);
});

test("a guest's link is its own: no foreign frames, no way to the host's routes and firewall", async () => {
  expect(await d.sh("a", "ip -o link | wc -l")).toBe("2");
  expect(await d.sh("a", "cat /proc/net/route | wc -l")).toBe("3");
  expect(await d.sh("a", "echo 1 > /proc/sys/net/ipv4/ip_forward && cat /proc/sys/net/ipv4/ip_forward")).toBe(
    "1",
  );
  expect(host("nft", "list", "tables")).toContain(`inet warren-${d.instance.tag}`);
});

outside.test("the outside is reached by name, under the host's address", async () => {
  const { hostname, port, pathname } = new URL(hostMirrors(DISTRIBUTIONS.debian.suites).archive!);
  const answer = await d.sh("a", `nslookup -type=a ${hostname}`);
  const [address] = answer
    .split("\n")
    .flatMap((line) => /^Address:\s*(\d+\.\d+\.\d+\.\d+)$/.exec(line)?.[1] ?? []);
  // Not with wget: Debian's static one crashes in the resolver of its C library.
  const ask = `GET ${pathname.replace(/\/$/, "")}/dists/stable/InRelease HTTP/1.1\\r\\nConnection: close\\r\\nHost: ${hostname}\\r\\n\\r\\n`;
  const reply = await d.sh(
    "a",
    `{ printf '${ask}'; sleep 3; } | nc -w 10 ${address} ${port || 80} | head -c 400`,
  );
  expect(reply).toMatch(/^HTTP\/1\.[01] [23]\d\d /);
  expect(host("nft", "list", "chain", "inet", `warren-${d.instance.tag}`, "outside")).toContain("masquerade");
});
