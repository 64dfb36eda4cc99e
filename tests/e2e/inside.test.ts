/** What a guest sees of itself: its memory, processors, load and uptime follow its levels, also when lxcfs ends. */
import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { guestImage } from "../helpers/guest-image.ts";
import { requires } from "../helpers/requires.ts";

const NEEDS = ["root", "lxc", "lxcfs", "nft", "iproute2", "overlay", "idmap"] as const;
const { describe, test, missing } = requires(...NEEDS, "mmdebstrap", "debian-mirror");
const modern = requires(...NEEDS, "mmdebstrap", "debian-mirror", "cgroup-v2");
const small = requires(...NEEDS, "busybox");
const MINUTES = 60_000;
const CPUS = availableParallelism();

let d: TestDaemon;
beforeAll(async () => {
  if (missing !== null) return;
  const file = await guestImage("debian/12", "sysvinit");
  d = await testDaemon();
  await d.ok("image", "import", "--alias", "guest", file);
  await d.ok("launch", "guest", "web", "--wait", "--set", "memory.limit=256M", "--set", "cpu.limit=50%");
}, 10 * MINUTES);
afterAll(() => d?.[Symbol.asyncDispose]());

const lxcfs = (): number => Number(readFileSync(`${d.instance.run}/lxcfs.pid`, "utf8"));
const initPid = async (name: string): Promise<number> => (await d.json("info", name)).initPid;
const renewed = async (): Promise<string[]> =>
  (await d.ok("events", "-o", "json"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ type }) => type === "view-renewed")
    .map(({ container }) => container);

/** MiB as free(1) and /proc/meminfo give them. */
async function memory(name: string): Promise<[free: number, meminfo: number]> {
  const said = await d.sh(
    name,
    "free -m | awk '/^Mem:/ {print $2}'; awk '/^MemTotal/ {print $2 / 1024}' /proc/meminfo",
  );
  return said.split("\n").map(Number) as [number, number];
}
/** Processors as programs count them: by /proc/cpuinfo, by /sys, by the C library, by /proc/stat. */
const processors = async (name: string): Promise<number[]> => {
  const online =
    "tr , '\\n' < /sys/devices/system/cpu/online | awk -F- '{n += ($2 == \"\" ? $1 : $2) - $1 + 1} END {print n}'";
  const counts = `grep -c ^processor /proc/cpuinfo; ${online}; getconf _NPROCESSORS_ONLN; grep -c '^cpu[0-9]' /proc/stat`;
  return (await d.sh(name, counts)).split("\n").map(Number);
};
/** Without cpuacct, so on cgroup v2, lxcfs makes /proc/stat of the host's and knows no limit there (6.0, proc_fuse.c). */
const STAT_KNOWS_LIMITS = requires("cgroup-v2").missing !== null;
/** What all four say that may run on so many processors, of which `may` are its own to run on. */
const all = (count: number, may = CPUS): number[] => {
  const shown = Math.min(count, CPUS);
  return [shown, shown, shown, STAT_KNOWS_LIMITS ? shown : may];
};

describe("a Debian guest", () => {
  test("sees the memory it was started with, then what it is given, at once", async () => {
    const pid = await initPid("web");
    expect(await memory("web")).toEqual([256, 256]);
    for (const mib of [512, 192]) {
      await d.ok("set", "web", `memory.limit=${mib}M`);
      expect(await memory("web")).toEqual([mib, mib]);
    }
    expect(await initPid("web")).toBe(pid);
  });

  test("sees what it uses of it, and no swap that it hasn't", async () => {
    const used = "free -m | awk '/^Mem:/ {print $3 + $5}'";
    const before = Number(await d.sh("web", used));
    const after = Number(
      await d.sh("web", `head -c 40M /dev/zero > /dev/shm/held; ${used}; rm /dev/shm/held`),
    );
    expect(after - before).toBeGreaterThanOrEqual(30);
    const host = readFileSync("/proc/swaps", "utf8").trim().split("\n").length;
    await d.ok("set", "web", "memory.swap=0");
    const [lines, total] = (
      await d.sh("web", "wc -l < /proc/swaps; awk '/^SwapTotal/ {print $2}' /proc/meminfo")
    )
      .split("\n")
      .map(Number);
    expect(lines).toBeLessThanOrEqual(host);
    expect(total).toBe(0);
  });

  test("counts as many processors as its limit needs, at once", async () => {
    expect(await processors("web")).toEqual(all(1));
    for (const [limit, count] of [
      ["unlimited", CPUS],
      ["100%", 1],
      ["120%", 2],
      ["30%", 1],
      ["200%", 2],
    ] as const) {
      await d.ok("set", "web", `cpu.limit=${limit}`);
      expect([limit, await processors("web")]).toEqual([limit, all(count)]);
    }
  });

  test("counts the processors it may run on; nproc, which asks the scheduler, too", async () => {
    const first = readFileSync("/sys/devices/system/cpu/online", "utf8").trim().split(/[,-]/)[0];
    await d.ok("set", "web", `cpu.set=${first}`);
    expect(await processors("web")).toEqual(all(1, 1));
    expect(await d.sh("web", "nproc")).toBe("1");
    await d.ok("set", "web", "cpu.set=unlimited");
    expect(await processors("web")).toEqual(all(CPUS));
    expect(await d.sh("web", "nproc")).toBe(String(CPUS));
  });

  test("sees its own uptime, load and tasks", async () => {
    const seconds = async () => Number((await d.sh("web", "cat /proc/uptime")).split(" ")[0]);
    expect(Math.abs((await seconds()) - (await d.json("info", "web")).uptime)).toBeLessThan(5);
    expect(await d.sh("web", "uptime")).toMatch(/ up [01] min| up \d+ min/);
    const tasks = Number(await d.sh("web", "ls -d /proc/[0-9]* | wc -l"));
    // lxcfs counts every five seconds.
    await until("its tasks are counted", async () => {
      const [, total = "0"] = /\/(\d+) /.exec(await d.sh("web", "cat /proc/loadavg")) ?? [];
      return Number(total) > 0 && Number(total) <= 2 * tasks;
    });
  });

  test(
    "after a reboot from within it sees its saved levels",
    async () => {
      await d.ok("set", "web", "cpu.limit=40%", "memory.limit=320M", "--save");
      const before = await initPid("web");
      await d.warren(["exec", "-T", "-n", "web", "--", "reboot"]);
      await until("it rebooted", async () => ![before, null].includes(await initPid("web")));
      await until(
        "it listens",
        async () => (await d.warren(["exec", "-T", "-n", "web", "--", "true"])).code === 0,
      );
      expect(await memory("web")).toEqual([320, 320]);
      expect(await processors("web")).toEqual(all(1));
    },
    2 * MINUTES,
  );
});

modern.test("a program that reads its limit in /sys/fs/cgroup finds it there", async () => {
  await d.ok("set", "web", "cpu.limit=50%");
  expect(await d.sh("web", "cat /sys/fs/cgroup/cpu.max")).toBe("500000 1000000");
  await d.ok("set", "web", "cpu.limit=unlimited");
  expect(await d.sh("web", "cat /sys/fs/cgroup/cpu.max")).toStartWith("max ");
});

describe("when lxcfs ends", () => {
  beforeAll(async () => {
    if (missing !== null) return;
    // Its boot is over: scripts that find no /proc they can read mount another one.
    await d.ok("stop", "web");
    await d.ok("start", "--wait", "web");
    await d.ok("set", "web", "memory.limit=320M");
  }, MINUTES);

  test("another takes its place in the guest that runs, which goes on", async () => {
    const [pid, server] = [await initPid("web"), lxcfs()];
    const before = (await renewed()).length;
    process.kill(server, "SIGKILL");
    await until("it is told", async () => (await renewed()).length > before);
    expect(lxcfs()).not.toBe(server);
    expect(await memory("web")).toEqual([320, 320]);
    expect(await d.sh("web", "grep -c lxcfs /proc/mounts")).toBe("8");
    expect(await initPid("web")).toBe(pid);
    expect(await d.ok("host", "check")).toContain(`serves ${d.instance.run}/lxcfs`);
  });

  test("and while no daemon runs, the next one does it", async () => {
    const pid = await initPid("web");
    const before = (await renewed()).length;
    await d.kill();
    process.kill(lxcfs(), "SIGKILL");
    await d.start();
    await until("it is told", async () => (await renewed()).length > before);
    expect(await memory("web")).toEqual([320, 320]);
    expect(await initPid("web")).toBe(pid);
  });

  test("a daemon that ends and comes back leaves it alone", async () => {
    const server = lxcfs();
    const before = (await renewed()).length;
    await d.kill();
    await d.start();
    expect(lxcfs()).toBe(server);
    expect(await memory("web")).toEqual([320, 320]);
    expect((await renewed()).length).toBe(before);
  });

  test("a guest that hid its view gets it again", async () => {
    const before = (await renewed()).length;
    await d.sh("web", "umount /proc/uptime /proc/swaps; mount -t tmpfs x /mnt; echo mine > /mnt/swaps");
    await d.sh("web", "mount --bind /mnt/swaps /proc/swaps");
    process.kill(lxcfs(), "SIGKILL");
    await until("it is told", async () => (await renewed()).length > before);
    expect(await memory("web")).toEqual([320, 320]);
    expect(await d.sh("web", "head -c 8 /proc/swaps")).toBe("Filename");
  });

  test("a guest that lays links to the host's files in the way reaches none", async () => {
    const mounts = () =>
      readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .filter((line) => !line.includes(d.dir) && !/lxcfs/.test(line));
    const [host, passwd] = [mounts(), readFileSync("/etc/passwd", "utf8")];
    await d.ok("launch", "guest", "evil");
    await until(
      "it booted",
      async () => (await d.warren(["exec", "-T", "-n", "evil", "--", "true"])).code === 0,
    );
    await d.sh(
      "evil",
      "mount -t tmpfs x /proc; for f in meminfo cpuinfo stat; do ln -s /etc/passwd /proc/$f; done",
    );
    const before = (await renewed()).length;
    process.kill(lxcfs(), "SIGKILL");
    await until("the other is in order", async () => (await renewed()).length > before);
    await until("it is told", () => /"message":"a guest can't see its own[^\n]*"evil"/.test(d.log()));
    expect(mounts()).toEqual(host);
    expect(readFileSync("/etc/passwd", "utf8")).toBe(passwd);
    expect(await memory("web")).toEqual([320, 320]);
    expect(await d.ok("host", "check")).toContain("evil can't see");
    await d.ok("delete", "--force", "-y", "evil");
  });
});

small.test(
  "a busybox guest sees it in /proc; what asks the kernel itself sees the host's memory",
  async () => {
    await using it = await testDaemon();
    await it.ok("launch", "busybox", "tiny", "--set", "memory.limit=64M", "--set", "cpu.limit=50%");
    expect(await it.sh("tiny", "grep MemTotal /proc/meminfo")).toMatch(/ 65536 kB$/);
    expect(await it.sh("tiny", "grep -c ^processor /proc/cpuinfo")).toBe("1");
    const total = Number(/MemTotal: +(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1]);
    // busybox asks sysinfo(2), which no file can stand in for.
    expect(Number(await it.sh("tiny", "free | awk '/^Mem:/ {print $2}'"))).toBe(total);
    await it.ok("delete", "--force", "-y", "tiny");
  },
);
