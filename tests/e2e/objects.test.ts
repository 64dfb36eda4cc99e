/** Terminals, shared memory, System V objects and devices of a guest: limits from the host's side, while it runs. */
import { afterAll, beforeAll, expect } from "bun:test";
import { type TestDaemon, testDaemon, until } from "../helpers/daemon.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const { describe, test, missing } = requires(
  "root",
  "lxc",
  "lxcfs",
  "nft",
  "iproute2",
  "busybox",
  "overlay",
  "idmap",
);
let d: TestDaemon;
let init: number;
beforeAll(async () => {
  if (missing !== null) return;
  d = await testDaemon();
  await d.ok("launch", "busybox", "web");
  init = await initPid();
});
afterAll(() => d?.[Symbol.asyncDispose]());

const initPid = async (): Promise<number> => (await d.json("info", "web")).initPid;
const effective = async (key: string) => (await d.json("get", "web", key))[key].effective;
const counter = async (key: string) =>
  (await d.json("counters", "web")).find((row: { key: string }) => row.key === key);
/** How many of ten terminals a program in the guest gets to open. */
const terminals = (): Promise<number> =>
  d
    .sh(
      "web",
      'n=0; for fd in 3 4 5 6 7 8 9; do (eval "exec $fd<>/dev/ptmx") 2>/dev/null || break; eval "exec $fd<>/dev/ptmx"; n=$((n+1)); done; echo $n',
    )
    .then(Number);
const shm = (): Promise<number> =>
  d
    .sh(
      "web",
      "rm -f /dev/shm/x; dd if=/dev/zero of=/dev/shm/x bs=64k count=64 2>/dev/null; stat -c %s /dev/shm/x",
    )
    .then(Number);

describe("terminals", () => {
  test("no more than the limit are opened, and more once it is raised, under the same init", async () => {
    await d.ok("set", "web", "pty.limit=2");
    expect(await effective("pty.limit")).toBe(2);
    expect(await terminals()).toBe(2);
    await d.ok("set", "web", "pty.limit=5");
    expect(await terminals()).toBe(5);
    expect(await initPid()).toBe(init);
  });
  test("init has the console for its input and output, as on a machine", async () => {
    expect(await d.sh("web", "for fd in 0 1 2; do [ -t 0 ] < /proc/1/fd/$fd && echo tty; done")).toBe(
      "tty\ntty\ntty",
    );
  });
  test("what is open is counted", async () => {
    const holder = d.spawn([
      "exec",
      "-n",
      "web",
      "--",
      "sh",
      "-c",
      "exec 3<>/dev/ptmx 4<>/dev/ptmx; sleep 60",
    ]);
    await until("two are held", async () => (await counter("pty.limit")).held === 2);
    holder.kill();
    await holder.exited;
  });
  test("the guest's root can't change the limit of what it is given", async () => {
    const tried = await d.warren(["exec", "-n", "web", "--", "mount", "-o", "remount,max=999", "/dev/pts"]);
    expect(tried.code).not.toBe(0);
    expect(await effective("pty.limit")).toBe(5);
  });
});

describe("shared memory", () => {
  test("/dev/shm has the size asked for, grows and shrinks while it runs", async () => {
    await d.ok("set", "web", "shm.size=1M");
    expect(await shm()).toBe(MIB);
    await d.ok("set", "web", "shm.size=2M");
    expect(await shm()).toBe(2 * MIB);
    expect(await counter("shm.size")).toMatchObject({ held: 2 * MIB, limit: 2 * MIB });
    expect(await initPid()).toBe(init);
  });
  test("below what is held is refused, and the rest of the change with it", async () => {
    await shm();
    const { code, stderr } = await d.warren(["set", "web", "pids.limit=99", "shm.size=1M"]);
    expect(code).toBe(5);
    expect(stderr).toContain("shm.size was refused");
    expect(stderr).toContain("nothing was changed");
    expect(await effective("shm.size")).toBe(2 * MIB);
    expect(await effective("pids.limit")).not.toBe(99);
  });
  test("the guest's root can't change the size", async () => {
    const tried = await d.warren(["exec", "-n", "web", "--", "mount", "-o", "remount,size=1G", "/dev/shm"]);
    expect(tried.code).not.toBe(0);
    expect(await effective("shm.size")).toBe(2 * MIB);
  });
});

describe("System V objects", () => {
  test("limits are those of the guest's namespace and not of the host's", async () => {
    const host = await Bun.file("/proc/sys/kernel/sem").text();
    await d.ok("set", "web", "ipc.shm=1M", "ipc.msg=3", "ipc.sem=5");
    expect(
      await d.sh("web", "cat /proc/sys/kernel/shmall /proc/sys/kernel/msgmni; cut -f4 /proc/sys/kernel/sem"),
    ).toBe("256\n3\n5");
    expect(await Bun.file("/proc/sys/kernel/sem").text()).toBe(host);
    expect(await initPid()).toBe(init);
  });
});

describe("over a reboot from within", () => {
  const rebooted = async (act: () => Promise<unknown>): Promise<void> => {
    const before = init;
    await act();
    init = await until("another init runs", async () => {
      const { code, stdout } = await d.warren(["info", "web", "-o", "json"]);
      const pid = code === 0 ? JSON.parse(stdout).initPid : null;
      return pid !== null && pid !== before ? (pid as number) : null;
    });
  };
  test("saved ones are in force, unsaved ones gone, /dev/shm is empty; also while no daemon runs", async () => {
    await d.sh("web", "rm -f /dev/shm/*");
    await d.ok("set", "web", "pty.limit=3", "shm.size=1M", "ipc.msg=7", "--save");
    await d.ok("set", "web", "pty.limit=6", "shm.size=4M", "ipc.msg=9");
    await shm();
    await rebooted(async () => {
      await d.sh("web", "(sleep 0.5; reboot) > /dev/null 2>&1 &");
      await d.kill();
      await Bun.sleep(5000);
      await d.start();
    });
    expect([await effective("pty.limit"), await effective("shm.size"), await effective("ipc.msg")]).toEqual([
      3,
      MIB,
      7,
    ]);
    expect(await d.sh("web", "ls /dev/shm | wc -l; cat /proc/sys/kernel/msgmni")).toBe("0\n7");
    expect(await terminals()).toBe(3);
  });
});

describe("devices", () => {
  test("one that the host hasn't is refused; one it has waits for a restart and is the guest's then", async () => {
    const gone = await d.warren(["set", "web", "devices=nosuch", "--save"]);
    expect([gone.code, gone.stderr]).toEqual([2, expect.stringContaining("names /dev/nosuch")]);
    const now = await d.warren(["set", "web", "devices=kmsg"]);
    expect([now.code, now.stderr]).toEqual([5, expect.stringContaining("can't change while")]);
    expect(await d.sh("web", "ls /dev/kmsg 2>/dev/null || echo none")).toBe("none");
    await d.ok("set", "web", "devices=kmsg", "--save");
    expect((await d.json("info", "web")).pending).toEqual({ devices: "kmsg" });
    await d.ok("restart", "web", "--force");
    expect(await effective("devices")).toBe("kmsg");
    expect(
      await d.sh("web", "stat -c '%U %a' /dev/kmsg; mknod /dev/other c 1 1 2>/dev/null || echo no"),
    ).toBe("root 660\nno");
    await d.ok("set", "web", "devices=none", "--save");
    await d.ok("restart", "web", "--force");
    expect(await d.sh("web", "ls /dev/kmsg 2>/dev/null || echo none")).toBe("none");
  });
  test("nothing stays on the host", async () => {
    await d.ok("delete", "web", "--force");
    await until("the trash is emptied", async () => (await d.strays()).length === 0);
    expect(await Bun.file("/proc/self/mountinfo").text()).not.toContain(`${d.dir}/run/rootfs`);
  });
});
