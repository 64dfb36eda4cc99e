/** Limits of processes: what the kernel refuses a process above them, and that none in the group escapes. */

import { dlopen } from "bun:ffi";
import { afterEach, beforeEach, expect } from "bun:test";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { openOom, openRlimits } from "../../src/engine/door-process.ts";
import type { LevelDoor, LevelTarget } from "../../src/engine/level-door.ts";
import { capacity } from "../../src/host/capacity/index.ts";
import { joining } from "../../src/host/prlimit/index.ts";
import { eventually } from "../helpers/cgroup-real.ts";
import { type LevelRig, levelRig } from "../helpers/level-rig.ts";
import { TARGET } from "../helpers/levels.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const { test, missing } = requires("root");
let rig: LevelRig;
let limits: LevelDoor;
let oom: LevelDoor;
if (missing === null) {
  beforeEach(() => {
    rig = levelRig("process");
    limits = openRlimits(rig.cgroups, capacity);
    oom = openOom(rig.cgroups);
  });
  afterEach(() => rig.close());
}

/**
 * Runs a program of calls of libc in the guest's group, without the rights that lift limits, which a guest's root never
 * has on the host: `ready` is printed, a line is awaited, then comes `act`.
 */
const CALLS = `
import { dlopen, ptr, read } from "bun:ffi";
const { symbols: c } = dlopen("libc.so.6", {
  mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "i64" },
  mlock: { args: ["i64", "u64"], returns: "i32" },
  open: { args: ["ptr", "i32"], returns: "i32" },
  mq_open: { args: ["ptr", "i32", "u32", "ptr"], returns: "i32" },
  mq_unlink: { args: ["ptr"], returns: "i32" },
  __errno_location: { args: [], returns: "ptr" },
});
const { errno } = (await import("node:os")).constants;
const text = (t) => ptr(Buffer.from(t + "\\0"));
const failed = (result) => {
  if (Number(result) >= 0) return "done";
  const number = read.i32(c.__errno_location(), 0);
  return Object.entries(errno).find(([, value]) => value === number)[0];
};
const map = (bytes) => c.mmap(null, bytes, 3, 0x22, -1, 0);
const open = () => { for (let n = 0; n < 500; n++) { const r = c.open(text("/dev/null"), 0x80000); if (r < 0) return failed(r); } return "done"; };
const queue = () => {
  const name = "/warren-test-" + process.pid;
  const attr = new BigInt64Array([0n, 10n, 8192n, 0n, 0n, 0n, 0n, 0n]);
  const r = c.mq_open(text(name), 0o102, 0o600, ptr(attr));
  if (r >= 0) c.mq_unlink(text(name));
  return failed(r);
};
const lock = (bytes) => failed(c.mlock(map(bytes), bytes));
`;
interface Caller {
  pid: number;
  act(): Promise<string>;
}
async function caller(act: string): Promise<Caller> {
  const script = `${CALLS}\nprocess.on("SIGUSR1", () => { console.log(${act}); process.exit(); }); setTimeout(() => 0, 100_000); console.log("ready");`;
  const child = rig.start([
    "setpriv",
    "--bounding-set=-ipc_lock,-sys_resource",
    process.execPath,
    "-e",
    script,
  ]);
  const reader = child.stdout.getReader();
  const line = async () => new TextDecoder().decode((await reader.read()).value).trim();
  expect(await line()).toBe("ready");
  return {
    pid: child.pid,
    act() {
      child.kill("SIGUSR1");
      return line();
    },
  };
}
const target = (pid: number): LevelTarget => ({ ...TARGET, cgroup: rig.group, pid });

for (const { name, least, most, act, refusal } of [
  { name: "nofile", least: 100, most: 1000, act: "open()", refusal: "EMFILE" },
  { name: "memlock", least: MIB, most: 4 * MIB, act: `lock(${2 * MIB})`, refusal: "ENOMEM" },
  { name: "msgqueue", least: 10_000, most: 800_000, act: "queue()", refusal: "EMFILE" },
])
  test(`${name}: above the limit a process is refused ${refusal}, below it is not`, async () => {
    const free = await caller(act);
    await limits.write(target(free.pid), name, String(most));
    expect(limits.read(target(free.pid), name)).toBe(String(most));
    expect(await free.act()).toBe("done");
    const bound = await caller(act);
    await limits.write(target(bound.pid), name, String(least));
    expect(limits.read(target(bound.pid), name)).toBe(String(least));
    expect(await bound.act()).toBe(refusal);
  }, 30_000);

test("sigpending: a signal too many isn't queued", async () => {
  const { symbols } = dlopen("libc.so.6", { sigqueue: { args: ["i32", "i32", "i64"], returns: "i32" } });
  const halted = rig.shell("sleep 100");
  await eventually("it began", () => rig.cgroups.processes(rig.group).includes(halted.pid));
  halted.kill("SIGSTOP");
  const own = Number(/^SigQ:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
  await limits.write(target(halted.pid), "sigpending", String(own + 20));
  const sent = Array.from({ length: 30 }, () => symbols.sigqueue(halted.pid, 40, 0n));
  expect(sent.slice(0, 10)).toEqual(Array(10).fill(0));
  expect(sent.slice(-5)).toEqual(Array(5).fill(-1));
  const held = Number(limits.read(target(halted.pid), "sigpending.held"));
  expect(held).toBeGreaterThanOrEqual(10);
});

test("as: memory above the limit isn't given", async () => {
  const script = `while [ ! -e /tmp/${rig.top} ]; do sleep 0.02; done; exec dd if=/dev/zero of=/dev/null bs=64M count=1`;
  for (const [limit, refused] of [
    [String(2 ** 40), false],
    [String(60 * MIB), true],
  ] as const) {
    const child = rig.shell(script);
    await eventually("it began", () => rig.cgroups.processes(rig.group).includes(child.pid));
    await limits.write(target(child.pid), "as", limit);
    writeFileSync(`/tmp/${rig.top}`, "");
    expect((await child.exited) !== 0).toBe(refused);
    rmSync(`/tmp/${rig.top}`);
  }
});

test("no process of the group escapes, however fast they fork", async () => {
  const shell = rig.shell("while :; do (:) & (sleep 0.01; :) & done 2>/dev/null");
  await eventually("it forks", () => rig.cgroups.processes(rig.group).length > 3);
  await limits.write(target(shell.pid), "nofile", "321");
  await oom.write(target(shell.pid), "score", "77");
  for (let look = 0; look < 20; look++) {
    for (const pid of rig.cgroups.processes(rig.group)) {
      const limit = limits.read(target(pid), "nofile");
      expect([null, "321"]).toContain(limit);
      expect([null, "77"]).toContain(oom.read(target(pid), "score"));
    }
    await Bun.sleep(5);
  }
});

test("the soft limit goes down with the hard one, a lower one stays", async () => {
  const low = rig.shell("ulimit -Sn 50; sleep 100");
  const equal = rig.shell("ulimit -n 2000; sleep 100");
  const soft = (pid: number) =>
    readFileSync(`/proc/${pid}/limits`, "utf8")
      .match(/^Max open files\s+(\d+)\s+(\d+)/m)
      ?.slice(1);
  await eventually(
    "they limit themselves",
    () => soft(low.pid)?.[0] === "50" && soft(equal.pid)?.[0] === "2000",
  );
  await limits.write(target(low.pid), "nofile", "1000");
  expect(soft(low.pid)).toEqual(["50", "1000"]);
  expect(soft(equal.pid)).toEqual(["1000", "1000"]);
  if (!capacity().raises) return;
  await limits.write(target(low.pid), "nofile", "3000");
  expect(soft(low.pid)).toEqual(["50", "3000"]);
  expect(soft(equal.pid)).toEqual(["3000", "3000"]);
});

test("what the processes use is told, the largest of them", async () => {
  const holder = rig.shell('for n in 3 4 5 6 7 8 9; do eval "exec $n</dev/null"; done; sleep 100');
  const held = () => {
    limits = openRlimits(rig.cgroups, capacity);
    return Number(limits.read(target(holder.pid), "nofile.held"));
  };
  await eventually("it holds its files", () => held() >= 10);
  expect(Number(limits.read(target(holder.pid), "nproc.held"))).toBeGreaterThanOrEqual(2);
  expect(Number(limits.read(target(holder.pid), "as.held"))).toBeGreaterThan(100_000);
});

test("what joins gets the limits of the one it joins, and nothing where they are ours", async () => {
  const shell = rig.shell("sleep 100");
  const raises = () => capacity().raises;
  await eventually("it began", () => rig.cgroups.processes(rig.group).includes(shell.pid));
  expect(joining(process.pid, raises)).toEqual([]);
  await limits.write(target(shell.pid), "nofile", "222");
  await oom.write(target(shell.pid), "score", "55");
  const said = Bun.spawnSync([
    ...joining(shell.pid, raises),
    "sh",
    "-c",
    "ulimit -Hn; ulimit -n; cat /proc/self/oom_score_adj",
  ]);
  expect(said.stdout.toString()).toBe("222\n222\n55\n");
});
