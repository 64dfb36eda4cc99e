/** Rates of disks: a program that writes and reads past the cache gets no more than its level. */
import { afterEach, beforeEach, expect } from "bun:test";
import { rmSync } from "node:fs";
import { type LevelRig, levelRig } from "../helpers/level-rig.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const FILE = `/var/tmp/warren-test-${process.pid}-io`;
const { test, missing } = requires("root");
let rig: LevelRig;
if (missing === null) {
  beforeEach(() => {
    rig = levelRig("io");
  });
  afterEach(async () => {
    await rig.close();
    rmSync(FILE, { force: true });
  });
}

/** What dd says of itself: bytes and seconds. */
async function dd(...words: string[]): Promise<{ bytes: number; seconds: number }> {
  const child = rig.start(["dd", ...words]);
  const told = await new Response(child.stderr).text();
  expect([await child.exited, told]).toEqual([0, told]);
  const [, bytes = "", seconds = ""] = /^(\d+) bytes.* copied, ([\d.e-]+) s/m.exec(told) ?? [];
  return { bytes: Number(bytes), seconds: Number(seconds) };
}
const writing = (bs: string, count: number) =>
  dd("if=/dev/zero", `of=${FILE}`, `bs=${bs}`, `count=${count}`, "oflag=direct", "conv=notrunc");
const reading = (bs: string, count: number) =>
  dd(`if=${FILE}`, "of=/dev/null", `bs=${bs}`, `count=${count}`, "iflag=direct");

test("bytes a second, both ways, one without the other", async () => {
  if (!rig.supported("io.write.bps"))
    return expect(rig.levels.catalogue().find((r) => r.key === "io.write.bps")?.reason).toContain("disk");
  const free = await writing("1M", 8);
  expect(free.bytes / free.seconds).toBeGreaterThan(4 * MIB);
  await rig.set({ "io.write.bps": "4M" });
  expect([await rig.effective("io.write.bps"), await rig.effective("io.read.bps")]).toEqual([4 * MIB, null]);
  const limited = await writing("256K", 32);
  expect(limited.bytes / limited.seconds).toBeLessThan(5 * MIB);
  await rig.set({ "io.read.bps": "4M", "io.write.bps": "unlimited" });
  expect([await rig.effective("io.write.bps"), await rig.effective("io.read.bps")]).toEqual([null, 4 * MIB]);
  const read = await reading("256K", 32);
  expect(read.bytes / read.seconds).toBeLessThan(5 * MIB);
}, 60_000);

test("operations a second", async () => {
  if (!rig.supported("io.write.iops")) return;
  await writing("1M", 1);
  await rig.set({ "io.write.iops": "40", "io.read.iops": "60" });
  expect([await rig.effective("io.write.iops"), await rig.effective("io.read.iops")]).toEqual([40, 60]);
  const written = await writing("4K", 80);
  expect(80 / written.seconds).toBeLessThan(50);
  const read = await reading("4K", 120);
  expect(120 / read.seconds).toBeLessThan(75);
}, 60_000);
