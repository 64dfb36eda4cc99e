/** How memory is asked back, kept and killed for: cgroup v2, and the one of these that v1 has. */
import { afterEach, beforeEach, expect } from "bun:test";
import { readdirSync } from "node:fs";
import { eventually } from "../helpers/cgroup-real.ts";
import { type LevelRig, levelRig } from "../helpers/level-rig.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const v2 = requires("root", "cgroup-v2");
const host = requires("root");
let rig: LevelRig;
if (host.missing === null) {
  beforeEach(() => {
    rig = levelRig("memory");
  });
  afterEach(() => rig.close());
}
/** Keeps so many bytes in a shell's variable and says so. */
const holding = (bytes: number) =>
  rig.shell(`x=$(head -c ${bytes} /dev/zero | tr "\\0" x); echo ready; sleep 100`);

host.test("memory that is kept", async () => {
  await rig.set({ "memory.low": "16M" });
  expect(await rig.effective("memory.low")).toBe(16 * MIB);
  await rig.set({ "memory.low": "0" });
  expect(await rig.effective("memory.low")).toBe(0);
});

host.test("a host that lacks one of them says why, and refuses it", async () => {
  for (const { key, supported, reason } of rig.levels.catalogue()) {
    if (supported) continue;
    expect(reason).toBeString();
    await expect(rig.set({ [key]: "1" })).rejects.toMatchObject({
      code: expect.stringMatching(/^(UNSUPPORTED|BAD_VALUE)$/),
    });
  }
});

v2.test("above the throttle a program is slowed down and counted, and not killed", async () => {
  await rig.set({ "memory.high": "16M", "memory.limit": "256M", "memory.swap": "0" });
  expect(await rig.effective("memory.high")).toBe(16 * MIB);
  const hog = holding(24 * MIB);
  await eventually("it was slowed down", async () => Number((await rig.counter("memory.high")).fail) > 0);
  expect(hog.exitCode).toBe(null);
  expect((await rig.counter("memory.limit")).fail).toBe(0);
  // The way down of the limit passes through the throttle's file and leaves it as it was asked for.
  await rig.set({ "memory.high": "unlimited" });
  await rig.set({ "memory.limit": "128M" });
  expect(await rig.effective("memory.high")).toBe(null);
});

v2.test("memory that is kept counts above the container too, as much as all have together", async () => {
  await rig.set({ "memory.guarantee": "8M", "memory.low": "16M" });
  expect([await rig.effective("memory.guarantee"), await rig.effective("memory.low")]).toEqual([
    8 * MIB,
    16 * MIB,
  ]);
  const above = (file: string) => Number(rig.cgroups.read(rig.top, "memory", file));
  expect([above("memory.min"), above("memory.low")]).toEqual([8 * MIB, 16 * MIB]);
  await rig.set({ "memory.guarantee": "0", "memory.low": "0" });
  expect([above("memory.min"), above("memory.low")]).toEqual([0, 0]);
});

v2.test("a container that is killed as one loses its bystanders too", async () => {
  const hogBeside = async (): Promise<Bun.Subprocess> => {
    const sleeper = rig.start(["sleep", "100"]);
    await eventually("it is in its group", () => rig.cgroups.processes(rig.guest).includes(sleeper.pid));
    const hog = rig.start(["dd", "if=/dev/zero", "of=/dev/null", "bs=128M", "count=1"]);
    expect(await hog.exited).toBe(137);
    return sleeper;
  };
  await rig.set({ "memory.limit": "32M", "memory.swap": "0" });
  const spared = await hogBeside();
  await rig.set({ "memory.oom_group": "on" });
  expect(await rig.effective("memory.oom_group")).toBe("on");
  // The kernel would have ended it at once with the hog.
  expect(spared.exitCode).toBe(null);
  expect(await (await hogBeside()).exited).toBe(137);
  expect((await rig.counter("memory.oom_group")).fail).toBe(1);
});

v2.test("compressed swap", async () => {
  if (!rig.supported("memory.zswap")) return;
  await rig.set({ "memory.zswap": "8M" });
  expect(await rig.effective("memory.zswap")).toBe(8 * MIB);
});

host.test(
  "2000 changes leave nothing behind: no open file, no memory",
  async () => {
    const open = () => readdirSync("/proc/self/fd").length;
    const change = async (times: number) => {
      for (let i = 0; i < times; i++)
        await rig.set({
          "pids.limit": String(100 + (i % 50)),
          "cpu.weight": String(100 + (i % 9)),
          "memory.limit": i % 2 ? "64M" : "96M",
        });
    };
    await change(300);
    Bun.gc(true);
    const [files, memory] = [open(), process.memoryUsage().rss];
    await change(2000);
    Bun.gc(true);
    expect(open()).toBeLessThanOrEqual(files);
    expect(process.memoryUsage().rss - memory).toBeLessThan(24 * MIB);
  },
  120_000,
);
