/**
 * The order in which a change of levels is written.
 *
 * Tightening comes first and runs down the table, loosening comes last and runs up: so no state between old and new is
 * looser than both, and of two settings that limit each other the wider never falls below the narrower.
 */

import type { LevelValues } from "../spec/container.ts";
import { cpuList } from "../spec/cpulist.ts";
import type { LevelHost, LevelPlanStep, Lowering, Setting } from "../spec/level.ts";

/** What a setting has now, in the container's own group and in those below it. */
export interface Present {
  setting: Setting;
  text: string;
  /** Groups below in the order parents, children; each with the texts of the nesting's files. */
  below: readonly { path: string; texts: readonly string[] }[];
  /** The text of the soft ceiling, where lowering uses one. */
  ceiling?: string;
}

/** One act on the kernel. */
export interface LevelStep {
  action: "write" | "reclaim";
  /** The level it serves. */
  key: string;
  controller: string;
  /** Group below the container's own; empty for its own. */
  below: string;
  file: string;
  from: string;
  to: string;
  /** Whether it only follows another step, with which it is taken back. */
  follows?: true;
  /** Whether it can't be taken back, so that all others must be in force before. */
  last?: boolean;
  /** How to make room when the kernel says the limit is in use, or when reclaiming is the act itself. */
  lowering?: Lowering;
}

type Change = "tighten" | "loosen" | "replace" | "none";

/** How one extent compares with another. Lists of CPUs may be neither wider nor narrower. */
export function changeOf(setting: Setting, from: string, to: string): Change {
  const [a, b] = [setting.extent(from), setting.extent(to)];
  if (a === b) return "none";
  if (a === null) return "tighten";
  if (b === null) return "loosen";
  if (typeof a === "number" && typeof b === "number") return a > b ? "tighten" : "loosen";
  const [old, next] = [new Set(cpuList(String(a))), new Set(cpuList(String(b)))];
  if (next.isSubsetOf(old)) return "tighten";
  return old.isSubsetOf(next) ? "loosen" : "replace";
}

function write(present: Present, from: string, to: string, below = ""): LevelStep {
  const { controller, file, of } = present.setting;
  return { action: "write", key: of[0] ?? file, controller, below, file, from, to };
}

/** A limit on memory goes down in stages: nothing grows, memory is taken back, the limit drops, growth is free again. */
function lower(present: Present, lowering: Lowering, to: string): LevelStep[] {
  const step = write(present, present.text, to);
  const { ceiling } = lowering;
  if (ceiling === null) return [{ ...step, lowering }];
  const before = present.ceiling ?? "max";
  const narrow = changeOf(present.setting, before, to) === "tighten";
  const stage = (from: string, next: string): LevelStep[] =>
    narrow ? [{ ...step, file: ceiling, from, to: next }] : [];
  return [
    ...stage(before, to),
    { ...step, action: "reclaim", file: lowering.reclaim, from: lowering.held, to, lowering },
    step,
    ...stage(to, before),
  ];
}

/**
 * With groups below, none of which may exceed its parent: first all with children grow to cover old and new, from the
 * top down, then all shrink to what they shall be, from the bottom up. One of the two walks is empty but for moves.
 */
function nested(present: Present, to: string): LevelStep[] {
  const { setting, below, text: from } = present;
  const rule = setting.nesting;
  if (!rule) return [write(present, from, to)];
  const groups = [
    { path: "", now: from, end: to },
    ...below.map(({ path, texts }) => ({ path, now: texts[0] ?? "", end: rule.settle(texts, from, to) })),
  ].filter(({ now, end }) => now !== end);
  const isParent = (path: string) => below.some((each) => path === "" || each.path.startsWith(`${path}/`));
  const steps: LevelStep[] = [];
  for (const group of groups) {
    const cover = rule.cover(group.now, group.end);
    if (!isParent(group.path) || cover === group.now) continue;
    steps.push(write(present, group.now, cover, group.path));
    group.now = cover;
  }
  for (const group of groups.toReversed())
    if (group.now !== group.end) steps.push(write(present, group.now, group.end, group.path));
  return steps;
}

/** The steps that bring one setting to `to`. */
export function settingSteps(present: Present, to: string): LevelStep[] {
  const change = changeOf(present.setting, present.text, to);
  if (change === "none") return [];
  const { lowering } = present.setting;
  return lowering && change === "tighten" ? lower(present, lowering, to) : nested(present, to);
}

/** All steps from what is to what is wanted, in order; `have` is in the table's order. */
export function planLevels(have: readonly Present[], want: LevelValues, host: LevelHost): LevelStep[] {
  const steps: Record<Change | "oneWay", LevelStep[][]> = {
    tighten: [],
    replace: [],
    loosen: [],
    none: [],
    oneWay: [],
  };
  const wanted = have.flatMap((present) => {
    const { setting, text } = present;
    if (setting.when?.(want, host) === false) return [];
    const to = setting.text(want, host);
    return [{ present, setting, to, change: changeOf(setting, text, to) }];
  });
  const changing = wanted.filter(({ change }) => change !== "none");
  for (const { present, setting, to, change } of wanted) {
    if (changing.some((each) => each.setting.file === setting.resetBy)) continue;
    const way = change === "tighten" && setting.oneWay?.(host) ? "oneWay" : change;
    const after = wanted.filter((each) => change !== "none" && each.setting.resetBy === setting.file);
    steps[way].push([
      ...settingSteps({ ...present, ...ceilingThen(present, have, want, host) }, to),
      ...after.map((each) => ({
        ...write(each.present, each.present.text, each.to),
        follows: true as const,
      })),
    ]);
  }
  return [
    ...steps.tighten,
    ...steps.replace,
    ...steps.loosen.toReversed(),
    // What can't be taken back comes when nothing else can fail any more.
    ...steps.oneWay.map((each) => each.map((step) => ({ ...step, last: true }))),
  ].flat();
}

/** A ceiling that is a level of its own was narrowed already when the limit above it drops. */
function ceilingThen(
  { setting, ceiling }: Present,
  have: readonly Present[],
  want: LevelValues,
  host: LevelHost,
): { ceiling?: string } {
  const own = have.find((each) => each.setting.file === setting.lowering?.ceiling);
  if (!own || ceiling === undefined) return {};
  const to = own.setting.text(want, host);
  return changeOf(own.setting, own.text, to) === "tighten" ? { ceiling: to } : {};
}

/**
 * The way back of a step that was done. Taking back a loosened memory limit is a lowering, with all its care, since
 * the guest may have grown meanwhile.
 */
export function undoSteps(step: LevelStep, have: readonly Present[]): LevelStep[] {
  if (step.action === "reclaim" || step.follows) return [];
  const present = have.find(
    ({ setting }) => setting.controller === step.controller && setting.file === step.file,
  );
  if (present?.setting.lowering && step.below === "")
    return settingSteps({ ...present, text: step.to }, step.from);
  return [{ ...step, from: step.to, to: step.from }];
}

/** A step as people read it. */
export function stepText({ key, action, controller, below, file, from, to }: LevelStep): LevelPlanStep {
  return { key, action, file: [controller, below, file].filter(Boolean).join("/"), from, to };
}
