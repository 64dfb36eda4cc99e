import { describe, expect, test } from "bun:test";
import type { ErrorCode, WarrenError } from "../../src/spec/errors.ts";
import type { LevelHost } from "../../src/spec/level.ts";
import { checkTogether, defaultLevels, levelRequest } from "../../src/spec/level-request.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { HOST } from "../helpers/levels.ts";

const GIB = 1024 ** 3;
const host: LevelHost = { ...HOST, memory: 16 * GIB, swap: 4 * GIB, cpus: "0-3" };

const codeOf = (work: () => unknown): ErrorCode | null => {
  try {
    work();
    return null;
  } catch (error) {
    return (error as WarrenError).code;
  }
};

test("keys and OpenVZ names give the same values", () => {
  expect(levelRequest({ "memory.limit": "25%", "memory.swap": "50%", "cpu.limit": "150%" }, host)).toEqual({
    "memory.limit": 4 * GIB,
    "memory.swap": 2 * GIB,
    "cpu.limit": 1.5,
  });
  expect(
    levelRequest(
      { physpages: "65536", swappages: "0:512M", numproc: "240:240", cpuunits: "2000", cpulimit: "50" },
      host,
    ),
  ).toEqual({
    "memory.limit": 65536 * 4096,
    "memory.swap": 512 * 1024 ** 2,
    "pids.limit": 240,
    "cpu.weight": 200,
    "cpu.limit": 0.5,
  });
  expect(levelRequest({ cpulimit: "0", cpumask: "all", numproc: "9223372036854775807" }, host)).toEqual({
    "cpu.limit": null,
    "cpu.set": null,
    "pids.limit": null,
  });
});

test("a barrier below the limit is where memory is slowed down", () => {
  expect(levelRequest({ physpages: "256M:512M" }, host)).toEqual({
    "memory.high": 256 * 1024 ** 2,
    "memory.limit": 512 * 1024 ** 2,
  });
  for (const only of ["65536", "0:65536", "65536:65536"])
    expect(levelRequest({ physpages: only }, host)).toEqual({ "memory.limit": 65536 * 4096 });
});

test("OpenVZ's other names: rates of disks both ways, priorities, guarantees, nodes", () => {
  expect(levelRequest({ iolimit: "10", iopslimit: "500", ioprio: "7" }, host)).toEqual({
    "io.read.bps": 10 * 1024 ** 2,
    "io.write.bps": 10 * 1024 ** 2,
    "io.read.iops": 500,
    "io.write.iops": 500,
    "io.weight": 175,
  });
  const none = levelRequest(
    { iolimit: "0", nodemask: "all", vmguarpages: "33792:9223372036854775807" },
    host,
  );
  expect(none).toEqual({
    "io.read.bps": null,
    "io.write.bps": null,
    "cpu.nodes": null,
    "memory.guarantee": 33792 * 4096,
  });
});

describe("refused", () => {
  test.each<[Record<string, string>, ErrorCode]>([
    [{ "memory.limit": "1M" }, "BAD_VALUE"],
    [{ "cpu.weight": "0" }, "BAD_VALUE"],
    [{ "cpu.weight": "10001" }, "BAD_VALUE"],
    [{ "cpu.weight": "unlimited" }, "BAD_VALUE"],
    [{ "cpu.limit": "0" }, "BAD_VALUE"],
    [{ "cpu.set": "2-4" }, "BAD_VALUE"],
    [{ "pids.limit": "0" }, "BAD_VALUE"],
    [{ "cpu.idle": "maybe" }, "BAD_VALUE"],
    [{ "cpu.nodes": "2" }, "BAD_VALUE"],
    [{ "cpu.burst": "unlimited" }, "BAD_VALUE"],
    [{ "io.weight": "1001" }, "BAD_VALUE"],
    [{ "io.read.bps": "0" }, "BAD_VALUE"],
    [{ "hugetlb.2M": "3M" }, "BAD_VALUE"],
    [{ "hugetlb.1G": "2M" }, "BAD_VALUE"],
    [{ ioprio: "8" }, "BAD_VALUE"],
    [{ iolimit: "1", "io.read.bps": "1M" }, "USAGE"],
    [{ numproc: "100:200" }, "BAD_VALUE"],
    [{ physpages: "1:2:3" }, "BAD_VALUE"],
    [{ "memory.limt": "1G" }, "NO_LEVEL"],
    [{ constructor: "1G" }, "NO_LEVEL"],
    [{ "memory.limit": "1G", physpages: "1G" }, "USAGE"],
  ])("%j %s", (set, code) => {
    expect(codeOf(() => levelRequest(set, host))).toBe(code);
  });
  test("the error names key, value and what to do", () => {
    expect(() => levelRequest({ "memory.limit": "1M" }, host)).toThrow(
      "memory.limit=1M is below the least, 4MiB",
    );
    expect(() => levelRequest({ "cpu.set": "7" }, host)).toThrow(
      "cpu.set=7 names a CPU that isn't online (0-3)",
    );
  });
  test("a burst above what the limit gives in one period", () => {
    const levels = { ...defaultLevels(host), "cpu.burst": 0.051, "cpu.limit": 0.5 };
    for (const dialect of ["v1", "v2"] as const) {
      expect(() => checkTogether(levels, dialect)).toThrow(
        "cpu.burst=51ms is more than cpu.limit gives in a period of 100 ms (50ms)",
      );
      expect(codeOf(() => checkTogether({ ...levels, "cpu.burst": 0.05 }, dialect))).toBe(null);
      expect(codeOf(() => checkTogether({ ...levels, "cpu.limit": null }, dialect))).toBe(null);
    }
  });
  test("swap without memory on v1 only", () => {
    const levels = { ...defaultLevels(host), "memory.limit": null, "memory.swap": GIB };
    expect(codeOf(() => checkTogether(levels, "v1"))).toBe("BAD_VALUE");
    expect(codeOf(() => checkTogether(levels, "v2"))).toBe(null);
  });
});

/** One file with a word for each of several levels. */
const isShared = (file: string): boolean => file === "io.max";

describe("the table", () => {
  test("each key is there once, and no OpenVZ name is one", () => {
    const keys = LEVELS.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const { alias } of LEVELS) expect(keys).not.toContain(alias?.name);
  });
  test("every default is a value of its own row on hosts small and large", () => {
    const tiny = { ...host, memory: GIB / 4, swap: 0, cpus: "0" };
    for (const each of [host, tiny, { ...host, memory: 4096 * GIB, swap: GIB, cpus: "0-511" }])
      expect(Object.keys(defaultLevels(each))).toEqual(LEVELS.map(({ key }) => key));
  });
  test("every setting names levels of the table and stands in one place", () => {
    const keys = LEVELS.map(({ key }) => key);
    for (const dialect of ["v1", "v2"] as const) {
      const settings = LEVELS.flatMap(({ ways }) => ways[dialect]?.settings ?? []);
      for (const { of } of settings) expect(keys).toEqual(expect.arrayContaining([...of]));
      const files = settings.map(({ controller, file, of }) =>
        `${controller}/${file}`.concat(isShared(file) ? of[0]! : ""),
      );
      expect(new Set(files).size).toBe(files.length);
    }
  });
  test("what is written amounts to what was meant, in both dialects", () => {
    const levels = {
      ...defaultLevels(host),
      "memory.limit": GIB,
      "memory.swap": GIB / 2,
      "cpu.limit": 0.5,
      "cpu.weight": 50,
    };
    const keys = new Set([
      ...["memory.limit", "memory.swap", "cpu.weight", "cpu.limit", "cpu.set", "pids.limit"],
    ]);
    const texts = (dialect: "v1" | "v2") =>
      LEVELS.filter(({ key }) => keys.has(key))
        .flatMap(({ ways }) => ways[dialect]?.settings ?? [])
        .map(({ text }) => text(levels, host));
    expect(texts("v1")).toEqual([`${GIB}`, `${GIB * 1.5}`, "512", "50000", "0-3", "2048"]);
    expect(texts("v2")).toEqual([`${GIB}`, `${GIB / 2}`, "50", "50000 100000", "0-3", "2048"]);
  });
});

test.each([
  ["memory.limt", "did you mean memory.limit?"],
  ["cpu.wieght", "did you mean cpu.weight?"],
  ["burst", "did you mean cpu.burst?"],
  ["x".repeat(1_000_000), "see `warren levels`"],
  ["", "see `warren levels`"],
])("a key that is not there, %.20s: %s", (key, fix) => {
  expect(() => levelRequest({ [key]: "1" }, HOST)).toThrow(
    expect.objectContaining({ code: "NO_LEVEL", fix }),
  );
});
