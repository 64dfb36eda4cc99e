import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { settingsOf } from "../../src/engine/level-kernel.ts";
import {
  changeOf,
  type LevelStep,
  type Present,
  planLevels,
  settingSteps,
  undoSteps,
} from "../../src/plan/level.ts";
import type { LevelValues } from "../../src/spec/container.ts";
import type { Dialect, Setting } from "../../src/spec/level.ts";
import { FRESH_LEVELS } from "../../src/spec/level-request.ts";
import { LEVELS } from "../../src/spec/levels.ts";
import { allLevels } from "../helpers/level-values.ts";
import { HOST } from "../helpers/levels.ts";

const KEYS = LEVELS.map(({ key }) => key);

const present = (levels: LevelValues, dialect: Dialect): Present[] => {
  const inForce = settingsOf(KEYS, dialect).filter(({ when }) => when?.(levels, HOST) !== false);
  return inForce.map((setting) => ({ setting, text: setting.text(levels, HOST), below: [] }));
};
/** Each file's own word: one file may have several. */
const nameOf = ({ controller, file, of }: Setting): string => `${controller}/${file} of ${of[0]}`;

describe.each(["v1", "v2"] as const)("a plan on %s", (dialect) => {
  const levels = allLevels(dialect, HOST);
  /** What stays in force beside old and new: a weight comes and goes with idling, which the transaction's tests have. */
  const steady = fc
    .tuple(levels, levels)
    .map(([old, next]) => [old, { ...next, "cpu.idle": old["cpu.idle"] ?? "off" }] as const);
  const settings = settingsOf(KEYS, dialect);
  const settingFor = ({ controller, file, key }: LevelStep) =>
    settings.find((each) => each.controller === controller && each.file === file && each.of[0] === key);

  test("leads from old to new, and never through what is looser than both", () => {
    fc.assert(
      fc.property(steady, ([old, next]) => {
        const have = present(old, dialect);
        const state = new Map(have.map(({ setting, text }) => [nameOf(setting), text]));
        for (const step of planLevels(have, next, HOST)) {
          const setting = settingFor(step);
          if (step.action === "reclaim" || !setting) continue;
          expect(state.get(nameOf(setting))).toBe(step.from);
          state.set(nameOf(setting), step.to);
          expect([setting.text(old, HOST), setting.text(next, HOST)]).toContain(step.to);
          if (dialect === "v1") expect(memoryFits(state)).toBe(true);
          expect(burstFits(state)).toBe(true);
        }
        for (const { setting } of have)
          expect(changeOf(setting, state.get(nameOf(setting)) ?? "", setting.text(next, HOST))).toBe("none");
      }),
    );
  });

  test("tightens before it loosens", () => {
    fc.assert(
      fc.property(steady, ([old, next]) => {
        const changes = planLevels(present(old, dialect), next, HOST).flatMap((step) => {
          const setting = settingFor(step);
          return step.action === "write" && setting ? [changeOf(setting, step.from, step.to)] : [];
        });
        const order = changes.map((change) => ["tighten", "replace", "loosen"].indexOf(change));
        expect(order).toEqual(order.toSorted());
      }),
    );
  });
});

/** What is saved up is never more than what a period gives. */
function burstFits(state: ReadonlyMap<string, string>): boolean {
  const number = (name: string) => Number.parseInt(state.get(name) ?? "", 10);
  const quota = [number("cpu/cpu.cfs_quota_us of cpu.limit"), number("cpu/cpu.max of cpu.limit")].find(
    (each) => each >= 0,
  );
  const burst = [number("cpu/cpu.cfs_burst_us of cpu.burst"), number("cpu/cpu.max.burst of cpu.burst")];
  return quota === undefined || (burst.find((each) => each >= 0) ?? 0) <= quota;
}

/** v1: memory plus swap is never less than memory alone. */
function memoryFits(state: ReadonlyMap<string, string>): boolean {
  const number = (name: string) => {
    const value = Number(state.get(name));
    return value < 0 ? Number.POSITIVE_INFINITY : value;
  };
  return (
    number("memory/memory.memsw.limit_in_bytes of memory.swap") >=
    number("memory/memory.limit_in_bytes of memory.limit")
  );
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

test.each(["v1", "v2"] as const)(
  "a weight follows when idling ends, and goes back with it (%s)",
  (dialect) => {
    const idle = { ...FRESH_LEVELS, "cpu.idle": "on", "cpu.weight": 250 };
    const settings = settingsOf(["cpu.idle"], dialect);
    // What the kernel shows for the weight of an idle group.
    const have = settings.map((setting) => ({
      setting,
      text: setting.file === "cpu.idle" ? "1" : dialect === "v1" ? "3" : "0",
      below: [],
    }));
    const steps = planLevels(have, { ...idle, "cpu.idle": "off" }, HOST);
    expect(steps.map(({ key, to }) => [key, to])).toEqual([
      ["cpu.idle", "0"],
      ["cpu.weight", dialect === "v1" ? "2560" : "250"],
    ]);
    expect(
      steps
        .toReversed()
        .flatMap((step) => undoSteps(step, have))
        .map(({ to }) => to),
    ).toEqual(["1"]);
    expect(planLevels(have, idle, HOST)).toEqual([]);
  },
);

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
