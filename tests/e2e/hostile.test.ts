/** Guests and images that try to reach out of their place. */
import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { archive, type Entry } from "../helpers/archive.ts";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires(
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
let d: TestDaemon;
let trap: string;
const TRAP = "of the host\n";

beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "evil");
  trap = `${d.dir}/trap`;
  mkdirSync(trap);
  for (const name of ["hostname", "hosts", "resolv.conf", "secret"]) writeFileSync(`${trap}/${name}`, TRAP);
}, 60_000);
afterAll(() => d?.[Symbol.asyncDispose]());

/** The trap's files as they were, and none more. */
function untouched(): void {
  expect(readdirSync(trap).sort()).toEqual(["hostname", "hosts", "resolv.conf", "secret"]);
  for (const name of readdirSync(trap))
    expect([name, readFileSync(`${trap}/${name}`, "utf8")]).toEqual([name, TRAP]);
}
const symlink = (name: string, target: string): Entry => ({ name, type: "symlink", target });

/** A system made of the host's busybox, whose files in /etc are what `entries` say. */
function system(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return archive([
    ...["bin/", "sbin/", "proc/", "sys/", "dev/", "tmp/", "root/"].map(
      (name): Entry => ({ name, type: "directory" }),
    ),
    { name: "bin/busybox", data: readFileSync("/bin/busybox"), mode: 0o755 },
    ...["bin/sh", "sbin/init", "bin/cat", "bin/hostname"].map((name) => symlink(name, "/bin/busybox")),
    ...entries,
  ]);
}

test("an image whose files lead to the host's: the host's stay as they are", async () => {
  const cases: [string, Entry[]][] = [
    [
      "files",
      [
        { name: "etc/", type: "directory" },
        ...["hostname", "hosts", "resolv.conf"].map((n) => symlink(`etc/${n}`, `${trap}/${n}`)),
      ],
    ],
    ["directory", [symlink("etc", trap)]],
    ["upwards", [symlink("etc", `../../../../../../../../../..${trap}`)]],
    [
      "fifo",
      [
        { name: "etc/", type: "directory" },
        ...["hostname", "hosts", "resolv.conf"].map((n): Entry => ({ name: `etc/${n}`, type: "fifo" })),
      ],
    ],
  ];
  for (const [name, entries] of cases) {
    await d.ok("image", "import", "--alias", name, await file(`${name}.tar`, system(entries)));
    await d.warren(["launch", name, `x-${name}`]);
    untouched();
    expect([name, await d.sh(`x-${name}`, "hostname")]).toEqual([name, `x-${name}`]);
  }
  await d.ok("delete", "-y", "--force", ...cases.map(([name]) => `x-${name}`));
}, 60_000);

async function file(name: string, data: string | Uint8Array<ArrayBuffer>): Promise<string> {
  await Bun.write(`${d.dir}/${name}`, data);
  return `${d.dir}/${name}`;
}

for (const running of [true, false])
  test(`files are pushed and pulled inside only, whatever links say (${running ? "running" : "stopped"})`, async () => {
    if (running)
      await d.sh(
        "evil",
        `mkdir -p /w; ln -sf ${trap} /w/dir; ln -sf ${trap}/secret /w/file; ln -sf ../../../../../..${trap}/secret /w/up; mkfifo /w/fifo; mknod /w/null c 1 3 2>/dev/null; true`,
      );
    else await d.ok("stop", "--force", "evil");
    const mine = await file("mine", "mine\n");
    for (const target of ["w/dir/secret", "w/dir/new", "w/file", "w/up"])
      await d.warren(["file", "push", mine, `evil/${target}`]);
    untouched();
    for (const source of ["w/dir/secret", "w/file", "w/up"]) {
      const { stdout } = await d.warren(["file", "pull", `evil/${source}`, "-"]);
      expect([source, stdout.includes("of the host")]).toEqual([source, false]);
    }
    const fifo = await d.warren(["file", "pull", "evil/w/fifo", `${d.dir}/out`]);
    expect(fifo.code).not.toBe(0);
    expect(fifo.stderr).toMatch(/^warren: [^\n]+\n$/);
    expect((await d.warren(["file", "push", mine, "evil/w/fifo"])).code).not.toBe(0);
    untouched();
    expect(await d.strays()).toEqual([]);
    if (!running) await d.ok("start", "evil");
  }, 60_000);

test("a guest sees no path of the host among its mounts, and no process of it", async () => {
  for (const list of ["/proc/mounts", "/proc/self/mountinfo"]) {
    const text = await d.sh("evil", `cat ${list}`);
    expect(text).toContain("overlay");
    expect(text).not.toContain(d.dir);
  }
  expect(Number(await d.sh("evil", "ls -d /proc/[0-9]* | wc -l"))).toBeLessThan(20);
  expect(await d.sh("evil", "cat /proc/1/cgroup")).not.toContain("warren");
});

test("the kernel's switches, devices and modules are out of reach", async () => {
  const refused = [
    "echo c > /proc/sysrq-trigger",
    "echo 1 > /proc/sys/kernel/sysrq",
    "echo /x > /proc/sys/kernel/core_pattern",
    "echo /x > /sys/kernel/uevent_helper",
    "mknod /dev/sda b 8 0 && cat /dev/sda",
    "mknod /root/mem c 1 1 && cat /root/mem",
    "mount -t ext4 /dev/vda /mnt",
    "cat /proc/kcore",
    "dmesg -c",
    "swapoff -a && swapon /dev/zero",
    "chroot /proc/1/root/../../.. ls /work",
  ];
  for (const attempt of refused) {
    const { code } = await d.warren(["exec", "-T", "-n", "evil", "--", "sh", "-c", attempt]);
    expect([attempt, code !== 0]).toEqual([attempt, true]);
  }
});

test("a guest that floods its console fills no disk", async () => {
  const { uuid } = await d.json("info", "evil");
  await d.sh(
    "evil",
    "timeout 5 sh -c 'yes 0123456789012345678901234567890123456789 | head -c 20000000' > /dev/console || [ $? = 143 ]",
  );
  const dir = `${d.instance.state}/containers/${uuid}`;
  const logs = readdirSync(dir).filter((name) => name.startsWith("console.log"));
  const held = () =>
    logs.reduce((sum, name) => sum + (existsSync(`${dir}/${name}`) ? statSync(`${dir}/${name}`).size : 0), 0);
  await until("the flood arrives", () => held() > 100_000);
  expect(held()).toBeLessThan(4 << 20);
  expect((await d.ok("logs", "evil")).length).toBeLessThan(4 << 20);
  expect((await d.ok("logs", "--lines", "3", "evil")).split("\n").length).toBeLessThanOrEqual(4);
}, 60_000);

test("a fork bomb hits its own limit, and the host can still stop it", async () => {
  await d.ok("set", "evil", "pids.limit=60");
  await d.sh("evil", "(b() { b | b & }; b) >/dev/null 2>&1 & sleep 1");
  expect((await d.json("info", "evil")).processes).toBeLessThanOrEqual(61);
  await d.ok("stop", "--force", "evil");
  await d.ok("start", "evil");
}, 60_000);
