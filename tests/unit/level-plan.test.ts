import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { settingsOf } from "../../src/engine/level-kernel.ts";
import { changeOf, type Present, planLevels, settingSteps } from "../../src/plan/level.ts";
import type { LevelValues } from "../../src/spec/container.ts";
import { cpuListText } from "../../src/spec/cpulist.ts";
import type { Dialect } from "../../src/spec/level.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { HOST } from "../helpers/levels.ts";

const KEYS = LEVELS.map(({ key }) => key);
const MIB = 1024 ** 2;
const nullable = (values: fc.Arbitrary<number | string>) => fc.oneof(fc.constant(null), values);
const cpuSets = fc
  .uniqueArray(fc.nat({ max: 3 }), { minLength: 1 })
  .map((all) => cpuListText(all.sort((a, b) => a - b)));
/** Levels that can stand together on both dialects. */
const allLevels: fc.Arbitrary<LevelValues> = fc
  .record({
    "memory.limit": nullable(fc.integer({ min: 4, max: 4096 }).map((n) => n * MIB)),
    "memory.swap": nullable(fc.integer({ min: 0, max: 1024 }).map((n) => n * MIB)),
    "cpu.weight": fc.integer({ min: 1, max: 10_000 }),
    "cpu.limit": nullable(fc.integer({ min: 1, max: 400 }).map((n) => n / 100)),
    "cpu.set": nullable(cpuSets),
    "pids.limit": nullable(fc.integer({ min: 1, max: 4096 })),
  })
  .map((all) => (all["memory.limit"] === null ? { ...all, "memory.swap": null } : all));

const present = (levels: LevelValues, dialect: Dialect): Present[] =>
  settingsOf(KEYS, dialect).map((setting) => ({ setting, text: setting.text(levels, HOST), below: [] }));

describe.each(["v1", "v2"] as const)("a plan on %s", (dialect) => {
  const settings = settingsOf(KEYS, dialect);
  const settingFor = (file: string) => settings.find((each) => each.file === file);

  test("leads from old to new, and never through what is looser than both", () => {
    fc.assert(
      fc.property(allLevels, allLevels, (old, next) => {
        const state = new Map(settings.map((s) => [s.file, s.text(old, HOST)]));
        for (const { action, file, from, to } of planLevels(present(old, dialect), next, HOST)) {
          const setting = settingFor(file);
          if (action === "reclaim" || !setting) continue;
          expect(state.get(file)).toBe(from);
          state.set(file, to);
          expect([setting.text(old, HOST), setting.text(next, HOST)]).toContain(to);
          if (dialect === "v1") expect(memoryFits(state)).toBe(true);
        }
        for (const s of settings)
          expect(changeOf(s, state.get(s.file) ?? "", s.text(next, HOST))).toBe("none");
      }),
    );
  });

  test("tightens before it loosens", () => {
    fc.assert(
      fc.property(allLevels, allLevels, (old, next) => {
        const changes = planLevels(present(old, dialect), next, HOST).flatMap(
          ({ action, file, from, to }) => {
            const setting = settingFor(file);
            return action === "write" && setting ? [changeOf(setting, from, to)] : [];
          },
        );
        const order = changes.map((change) => ["tighten", "replace", "loosen"].indexOf(change));
        expect(order).toEqual(order.toSorted());
      }),
    );
  });
});

/** v1: memory plus swap is never less than memory alone. */
function memoryFits(state: ReadonlyMap<string, string>): boolean {
  const number = (file: string) => {
    const value = Number(state.get(file));
    return value < 0 ? Number.POSITIVE_INFINITY : value;
  };
  return number("memory.memsw.limit_in_bytes") >= number("memory.limit_in_bytes");
}

describe("groups below", () => {
  const cpusetOf = (text: string, below: Record<string, string>): Present => ({
    setting: settingsOf(["cpu.set"], "v1")[0]!,
    text,
    below: Object.entries(below).map(([path, own]) => ({ path, texts: [own] })),
  });
  const steps = (from: Present, to: string) => settingSteps(from, to).map((s) => [s.below, s.to]);

  test("shrink before their parent and follow it when it grows", () => {
    expect(steps(cpusetOf("0-3", { guest: "0-3", "guest/a": "1-2" }), "0-1")).toEqual([
      ["guest/a", "1"],
      ["guest", "0-1"],
      ["", "0-1"],
    ]);
    expect(steps(cpusetOf("0", { guest: "0" }), "0-3")).toEqual([
      ["", "0-3"],
      ["guest", "0-3"],
    ]);
  });
  test("move over a parent that has both, and the guest itself never has", () => {
    expect(steps(cpusetOf("0", { guest: "0" }), "1")).toEqual([
      ["", "0-1"],
      ["guest", "1"],
      ["", "1"],
    ]);
  });
  test("lose a CPU quota that is more than the new one above them", () => {
    const setting = settingsOf(["cpu.limit"], "v1")[0]!;
    const below = [
      { path: "guest", texts: ["-1", "100000"] },
      { path: "guest/a", texts: ["20000", "20000"] },
      { path: "guest/b", texts: ["10000", "100000"] },
    ];
    const plan = settingSteps({ setting, text: "-1", below }, "50000");
    expect(plan.map((s) => [s.below, s.to])).toEqual([
      ["guest/a", "-1"],
      ["", "50000"],
    ]);
  });
});

test("memory on v2 goes down in stages", () => {
  const setting = settingsOf(["memory.limit"], "v2")[0]!;
  const plan = settingSteps({ setting, text: "max", below: [], ceiling: "max" }, "1048576");
  expect(plan.map(({ file, to }) => [file, to])).toEqual([
    ["memory.high", "1048576"],
    ["memory.reclaim", "1048576"],
    ["memory.max", "1048576"],
    ["memory.high", "max"],
  ]);
  const kept = settingSteps({ setting, text: "max", below: [], ceiling: "4096" }, "1048576");
  expect(kept.map(({ file }) => file)).toEqual(["memory.reclaim", "memory.max"]);
});
