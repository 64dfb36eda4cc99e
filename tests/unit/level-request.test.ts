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

describe("refused", () => {
  test.each<[Record<string, string>, ErrorCode]>([
    [{ "memory.limit": "1M" }, "BAD_VALUE"],
    [{ "cpu.weight": "0" }, "BAD_VALUE"],
    [{ "cpu.weight": "10001" }, "BAD_VALUE"],
    [{ "cpu.weight": "unlimited" }, "BAD_VALUE"],
    [{ "cpu.limit": "0" }, "BAD_VALUE"],
    [{ "cpu.set": "2-4" }, "BAD_VALUE"],
    [{ "pids.limit": "0" }, "BAD_VALUE"],
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
  test("swap without memory on v1 only", () => {
    const levels = { ...defaultLevels(host), "memory.limit": null, "memory.swap": GIB };
    expect(codeOf(() => checkTogether(levels, "v1"))).toBe("BAD_VALUE");
    expect(codeOf(() => checkTogether(levels, "v2"))).toBe(null);
  });
});

describe("the table", () => {
  test("each key and each OpenVZ name is there once", () => {
    const names = LEVELS.flatMap(({ key, alias }) => [key, ...(alias ? [alias.name] : [])]);
    expect(new Set(names).size).toBe(names.length);
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
      const files = settings.map(({ controller, file }) => `${controller}/${file}`);
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
    const texts = (dialect: "v1" | "v2") =>
      LEVELS.flatMap(({ ways }) => ways[dialect]?.settings ?? []).map(({ text }) => text(levels, host));
    expect(texts("v1")).toEqual([`${GIB}`, `${GIB * 1.5}`, "512", "50000", "0-3", "2048"]);
    expect(texts("v2")).toEqual([`${GIB}`, `${GIB / 2}`, "50", "50000 100000", "0-3", "2048"]);
  });
});
