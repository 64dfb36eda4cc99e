import { describe, expect, test } from "bun:test";
import { growCommand, makeCommand, mountOptions, signaturesIn, sourceAt } from "../../src/host/pool/text.ts";
import { type Fill, fillOf, formatsFor, kindOf } from "../../src/plan/pool.ts";
import type { WarrenError } from "../../src/spec/errors.ts";
import { type PoolRequest, poolName } from "../../src/spec/pool.ts";

const [MIB, GIB] = [1024 ** 2, 1024 ** 3];
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as WarrenError).code;
  }
  return "none";
};

test("names: a file of that name is made, so nothing that leads elsewhere", () => {
  for (const good of ["fast", "ssd-2", "a.b_c", "9"]) expect(poolName(good)).toBe(good);
  for (const bad of ["", ".", "..", "a/b", "../a", "A", "a b", "-a", "a.", "x".repeat(64)])
    expect(
      codeOf(() => poolName(bad)),
      bad,
    ).toBe("BAD_NAME");
});

describe("the format", () => {
  const words = (size: number, wanted?: "xfs" | "btrfs" | "ext4") =>
    formatsFor(size, wanted).map(({ format, quota }) => `${format}${quota ? "" : " plain"}`);
  test.each([
    [10 * GIB, undefined, ["xfs", "btrfs", "ext4", "ext4 plain"]],
    [200 * MIB, undefined, ["btrfs", "ext4", "ext4 plain"]],
    [64 * MIB, undefined, ["ext4", "ext4 plain"]],
    [10 * GIB, "xfs", ["xfs", "xfs plain"]],
    [10 * GIB, "btrfs", ["btrfs"]],
    [10 * GIB, "ext4", ["ext4", "ext4 plain"]],
  ] as const)("of %d bytes, asked for %p", (size, wanted, expected) =>
    expect(words(size, wanted)).toEqual([...expected]),
  );
  test("a size that none can have is refused", () => {
    expect(codeOf(() => formatsFor(MIB))).toBe("BAD_VALUE");
    expect(codeOf(() => formatsFor(200 * MIB, "xfs"))).toBe("BAD_VALUE");
  });
});

describe("what is asked for", () => {
  const of = (request: Omit<PoolRequest, "name">) => kindOf({ name: "p", ...request });
  test("is in one place", () => {
    expect(of({ path: "/srv" })).toBe("directory");
    expect(of({ device: "/dev/sdb", force: true, format: "xfs" })).toBe("device");
    expect(of({ size: GIB, preallocate: true })).toBe("loop");
  });
  test.each([
    [{}],
    [{ path: "/srv", size: GIB }],
    [{ path: "/srv", format: "xfs" as const }],
    [{ device: "/dev/sdb", preallocate: true }],
    [{ size: GIB, force: true }],
  ])("%p makes no sense", (request) => expect(codeOf(() => of(request))).toBe("USAGE"));
});

describe("how full", () => {
  const room = (used: number, free = 100 - used, files = 0, filesFree = 0) => ({
    ...{ size: 100 * GIB, used: used * GIB, free: free * GIB },
    ...{ files, filesFree },
  });
  test.each([
    [room(89), "ok", "ok"],
    [room(90), "ok", "near"],
    // It must fall well below before it can be near again.
    [room(85), "near", "near"],
    [room(80), "near", "ok"],
    [room(100), "near", "full"],
    [room(95), "full", "near"],
    // What root keeps is nobody's.
    [room(86, 9), "ok", "near"],
    [room(10, 90, 1000, 100), "ok", "near"],
    [room(10, 90, 1000, 0), "ok", "full"],
  ] as const)("%j after %s is %s", (now, was, expected) =>
    expect(fillOf(now, 0.9, was as Fill)).toBe(expected),
  );
  test("without a threshold only the wall is told", () => {
    expect(fillOf(room(99), null, "ok")).toBe("ok");
    expect(fillOf(room(100), null, "ok")).toBe("full");
  });
  test("of a small pool the last hundredth is the wall, of a large one the last megabytes", () => {
    const of = (size: number, free: number) =>
      fillOf({ size, used: size - free, free, files: 0, filesFree: 0 }, null, "ok");
    expect([of(100 * MIB, 2 * MIB), of(100 * MIB, MIB / 2)]).toEqual(["ok", "full"]);
    expect([of(10_000 * GIB, 9 * MIB), of(10_000 * GIB, 7 * MIB)]).toEqual(["ok", "full"]);
  });
});

test("commands and options", () => {
  const o = { id: "11111111-2222-4333-8444-555555555555", quota: true };
  expect(makeCommand("ext4", "/f", o)).toEqual([
    ...["mkfs.ext4", "-q", "-F", "-m", "0", "-U", o.id, "-O", "quota,project", "/f"],
  ]);
  expect(makeCommand("ext4", "/f", { ...o, quota: false })).not.toContain("-O");
  expect(makeCommand("xfs", "/f", o)).toContain(`uuid=${o.id}`);
  expect(mountOptions("xfs", { quota: true, sparse: false })).toBe("nosuid,nodev,prjquota");
  expect(mountOptions("btrfs", { quota: true, sparse: true })).toBe("nosuid,nodev,discard=async");
  expect(mountOptions("ext4", { quota: false, sparse: true })).toBe("nosuid,nodev,discard");
  expect(growCommand("ext4", "/m", "/dev/loop3")).toEqual(["resize2fs", "/dev/loop3"]);
  expect(growCommand("xfs", "/m", "/dev/loop3")).toEqual(["xfs_growfs", "/m"]);
});

test("what wipefs and mountinfo say", () => {
  expect(signaturesIn("gpt\ngpt\nPMBR\n\n")).toEqual(["gpt", "PMBR"]);
  expect(signaturesIn("")).toEqual([]);
  const line = (at: string, source: string) => `36 35 7:0 / ${at} rw,nosuid shared:1 - btrfs ${source} rw`;
  const info = [line("/a", "/dev/loop1"), line("/a/b", "/dev/loop2"), line("/a", "/dev/loop3")].join("\n");
  expect([sourceAt(info, "/a"), sourceAt(info, "/a/b"), sourceAt(info, "/c")]).toEqual([
    "/dev/loop3",
    "/dev/loop2",
    null,
  ]);
});
