/** CPU time that is saved up, that nobody else wants, and the memory nodes, on this machine's own groups. */
import { afterEach, beforeEach, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { readFigure } from "../../src/engine/level-kernel.ts";
import { capacity } from "../../src/host/capacity/index.ts";
import { USAGE } from "../../src/spec/levels/usage.ts";
import { eventually, makeGroup } from "../helpers/cgroup-real.ts";
import { type LevelRig, levelRig } from "../helpers/level-rig.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root");
let rig: LevelRig;
if (missing === null) {
  beforeEach(() => {
    rig = levelRig("cpu");
  });
  afterEach(() => rig.close());
}

const SPIN = "while :; do :; done";
/** Seconds of CPU time that a group has used. */
const used = (group: string): number =>
  Number(readFigure(rig.cgroups, group, USAGE[rig.cgroups.dialect].cpu));

test("an idle container gets nearly nothing beside a busy neighbour, and its weight back afterwards", async () => {
  const neighbour = `${rig.top}/neighbour`;
  makeGroup(rig.cgroups, neighbour);
  const cpu = capacity().cpus.split(/[-,]/)[0]!;
  await rig.set({ "cpu.weight": "300", "cpu.set": cpu });
  await rig.cgroups.write(neighbour, "cpuset", "cpuset.cpus", cpu);
  rig.shell(SPIN);
  rig.shell(SPIN, neighbour);
  /** How much of what both get is the container's, over one second of their time. */
  const share = async (): Promise<number> => {
    const [own, other] = [used(rig.group), used(neighbour)];
    const both = () => used(rig.group) - own + used(neighbour) - other;
    await eventually("a second was used", () => both() > 1, 60_000);
    return (used(rig.group) - own) / both();
  };
  expect(await share()).toBeGreaterThan(0.6);
  await rig.set({ "cpu.idle": "on" });
  expect(await rig.effective("cpu.idle")).toBe("on");
  expect(await share()).toBeLessThan(0.1);
  // A weight that is asked for meanwhile waits; the kernel itself would refuse it.
  await rig.set({ "cpu.weight": "250" });
  expect(await rig.effective("cpu.weight")).not.toBe(250);
  await rig.set({ "cpu.idle": "off" });
  expect(await rig.effective("cpu.weight")).toBe(250);
  expect(await share()).toBeGreaterThan(0.6);
}, 120_000);

test("a bursty process draws on what it saved, and the limit and the burst move together", async () => {
  await rig.set({ "cpu.limit": "20%" });
  rig.shell("while :; do i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; sleep 0.4; done");
  await eventually("it was throttled", async () => Number((await rig.counter("cpu.limit")).fail) > 1);
  expect((await rig.counter("cpu.burst")).held).toBe(0);
  await rig.set({ "cpu.burst": "20ms" });
  expect(await rig.effective("cpu.burst")).toBe(0.02);
  await eventually("it drew on it", async () => Number((await rig.counter("cpu.burst")).held) > 0, 60_000);
  // Each of these passes through a state that the kernel refuses when the order is wrong.
  await rig.set({ "cpu.limit": "5%", "cpu.burst": "5ms" });
  await rig.set({ "cpu.limit": "2", "cpu.burst": "200ms" });
  await rig.set({ "cpu.limit": "unlimited", "cpu.burst": "0" });
  expect([await rig.effective("cpu.limit"), await rig.effective("cpu.burst")]).toEqual([null, 0]);
  await expect(rig.set({ "cpu.limit": "5%", "cpu.burst": "6ms" })).rejects.toMatchObject({
    code: "BAD_VALUE",
  });
}, 120_000);

test("memory comes from the chosen nodes, in the guest's own groups too", async () => {
  const node = capacity().nodes.split(/[-,]/).at(-1)!;
  const sleeper = rig.start(["sleep", "100"]);
  await eventually("it is in its group", () => rig.cgroups.processes(rig.guest).includes(sleeper.pid));
  await rig.set({ "cpu.nodes": node });
  expect(await rig.effective("cpu.nodes")).toBe(node);
  const allowed = /^Mems_allowed_list:\s*(.*)$/m.exec(
    readFileSync(`/proc/${sleeper.pid}/status`, "utf8"),
  )?.[1];
  expect(allowed).toBe(node);
  if (rig.cgroups.dialect === "v1")
    expect(rig.cgroups.read(rig.guest, "cpuset", "cpuset.memory_migrate")).toBe("1");
  await rig.set({ "cpu.nodes": "unlimited" });
  expect(await rig.effective("cpu.nodes")).toBe(capacity().nodes);
});
