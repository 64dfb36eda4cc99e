/** Huge pages and groups: what is refused at the limit, on this machine's own groups. */
import { afterEach, beforeEach, expect } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type LevelRig, levelRig } from "../helpers/level-rig.ts";
import { requires } from "../helpers/requires.ts";

const MIB = 1024 ** 2;
const POOL = "/proc/sys/vm/nr_hugepages";
const { test, missing } = requires("root");
let rig: LevelRig;
let pool = "";
if (missing === null) {
  beforeEach(() => {
    rig = levelRig("objects");
    pool = readFileSync(POOL, "utf8");
  });
  afterEach(async () => {
    await rig.close();
    writeFileSync(POOL, pool);
  });
}

/** Maps so many bytes of huge pages, touches each page, and says what came of it. */
const MAP = `
import { dlopen, read } from "bun:ffi";
const { symbols } = dlopen("libc.so.6", { mmap: { args: ["ptr", "u64", "i32", "i32", "i32", "i64"], returns: "i64" } });
const size = Number(process.argv[1]);
const at = Number(symbols.mmap(null, size, 1, 0x40022, -1, 0));
if (at === -1) { console.log("refused"); process.exit(0); }
for (let i = 0; i < size; i += 2 * 1024 ** 2) read.u8(at, i);
console.log("mapped");
`;
const map = async (bytes: number): Promise<string> => {
  const child = rig.start([process.execPath, "-e", MAP, String(bytes)]);
  const told = await new Response(child.stdout).text();
  return told.trim() || `ended with ${await child.exited}`;
};

test("huge pages above the limit aren't mapped", async () => {
  if (!rig.supported("hugetlb.2M")) return;
  writeFileSync(POOL, String(Number(pool) + 4));
  expect(await map(6 * MIB)).toBe("mapped");
  await rig.set({ "hugetlb.2M": "4M" });
  expect(await rig.effective("hugetlb.2M")).toBe(4 * MIB);
  expect(await map(6 * MIB)).toBe("refused");
  expect(await map(4 * MIB)).toBe("mapped");
  await rig.set({ "hugetlb.2M": "unlimited" });
  expect(await rig.effective("hugetlb.2M")).toBe(null);
  expect(await map(6 * MIB)).toBe("mapped");
}, 60_000);

test("a group too many isn't made", async () => {
  if (!rig.supported("cgroup.descendants")) return;
  // The guest's own group is the first.
  await rig.set({ "cgroup.descendants": "2" });
  expect(await rig.effective("cgroup.descendants")).toBe(2);
  const at = (name: string) => rig.cgroups.path(`${rig.guest}/${name}`, "unified", "");
  mkdirSync(at("a"));
  expect((await rig.counter("cgroup.descendants")).held).toBe(2);
  expect(() => mkdirSync(at("b"))).toThrow("EAGAIN");
  expect(() => mkdirSync(at("a/b"))).toThrow("EAGAIN");
  await rig.set({ "cgroup.descendants": "3" });
  mkdirSync(at("b"));
});
