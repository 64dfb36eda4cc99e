/** Resource levels: what a row of the table says and what commands answer. The table itself is `levels.ts`. */
import type { Codec } from "./codec.ts";
import type { LevelValue, LevelValues } from "./container.ts";
import type { LevelPromise } from "./host.ts";

/** The two ways kernels speak of control groups. */
export type Dialect = "v1" | "v2";

/** What levels need to know of the host. */
export interface LevelHost {
  /** Bytes of memory. */
  memory: number;
  /** Bytes of swap space. */
  swap: number;
  /** Online CPUs in the kernel's list form. */
  cpus: string;
  /** Memory nodes in the kernel's list form. */
  nodes: string;
  /** Whole disks behind the containers' files, `MAJOR:MINOR`; none where that isn't known. */
  disks: readonly string[];
  /** Controllers that are on the v2 tree beside v1 hierarchies (hybrid); none on other hosts. */
  beside?: readonly string[];
  /** What shares the disks by weight, of the kernel's two ways; `null` when neither is on. */
  sharing: "bfq" | "iocost" | null;
  /** Whether resource limits of processes can be raised (CAP_SYS_RESOURCE). */
  raises: boolean;
  /** The daemon's own hard limits by their kernel names in small letters (`nofile`); `null` is unlimited. */
  rlimits: Readonly<Record<string, number | null>>;
  /** The daemon's own rank when memory is out (oom_score_adj). */
  oomScore: number;
}

/** A kernel setting's value for comparison: a number (larger is looser), a CPU list, or `null` for no limit. */
export type Extent = number | string | null;

/** How the memory that a limit counts is given back before the limit drops below it. */
export interface Lowering {
  /** Bytes held now. */
  held: string;
  /** Writing here makes the kernel take memory back. */
  reclaim: string;
  /**
   * A soft ceiling set first, so that nothing grows meanwhile. Without one the limit itself is safe to lower: the
   * kernel reclaims and answers EBUSY rather than killing.
   */
  ceiling: string | null;
}

/** What groups below the container's own need when its setting changes: the kernel lets none exceed its parent. */
export interface Nesting {
  /** Files read of each group below; the setting's own is the first. */
  files: readonly string[];
  /** The text a group below has in the end when the container's own goes from `from` to `to`. */
  settle(child: readonly string[], from: string, to: string): string;
  /** The narrowest text that covers both. */
  cover(a: string, b: string): string;
}

/** One file of the kernel, or one word of another door, that a level (or several) decides. */
export interface Setting {
  /** A controller of control groups, or the door to another part of the kernel. */
  controller: string;
  file: string;
  /** Levels its text is made from, the one that a failure names first. */
  of: readonly string[];
  /** Whether it is in force at all beside the other levels; always unless told. */
  when?(levels: LevelValues, host: LevelHost): boolean;
  /** Whether this host can only narrow it: then it is written last, when nothing else can fail any more. */
  oneWay?(host: LevelHost): boolean;
  /** The text to write; each line is a write of its own. */
  text(levels: LevelValues, host: LevelHost): string;
  /** What a text, written or read, amounts to. */
  extent(text: string): Extent;
  /**
   * The file of the same controller whose change makes the kernel forget this one: then it is written right after, and
   * taken back with it.
   */
  resetBy?: string;
  /** The kernel's text as it would be written, where the kernel shows more or fewer lines than a write has. */
  shown?(text: string, host: LevelHost): string;
  /** What an empty file stands for, where a group with processes can't be given an empty one again. */
  empty?(host: LevelHost): string;
  /** Whether the root group has the file too, so that its absence there tells. */
  inRoot?: boolean;
  /** How much less than written the kernel may keep, for it counts in pages. */
  slack?: number;
  lowering?: Lowering;
  nesting?: Nesting;
  /** What the group above all containers needs for it to count: as much as they have together. */
  above?: "sum";
}

/** How one figure of a level is read. */
export interface Figure {
  controller: string;
  /** The first must be there; another that isn't reads as empty text. */
  files: readonly string[];
  pick(texts: readonly string[]): LevelValue;
  /** Whether the groups below count for themselves, so that their figures must be added. */
  tree?: boolean;
  /** Read instead where there is no such file. */
  or?: Figure;
}

/** How one dialect serves a level. */
export interface LevelWay {
  settings: readonly Setting[];
  /** What is in force. */
  limit: Figure;
  held?: Figure;
  peak?: Figure;
  /** Added up. */
  fail?: readonly Figure[];
  /** How often the level was put to the test, where `fail` is only told apart from it by its share. */
  tries?: Figure;
  /** Why a combination of levels can't be expressed, or `null`. */
  refuse?(levels: LevelValues): string | null;
}

/** A name OpenVZ had for the same thing, and how its values read. */
export interface LevelAlias {
  name: string;
  /**
   * The level's own text for OpenVZ's, `null` when it isn't one. Of a name that several levels share, a value may say
   * nothing of one of them: `undefined`.
   */
  translate(text: string): string | null | undefined;
  forms: string;
}

/** One resource level. */
export interface LevelRow {
  key: string;
  group: "cpu" | "memory" | "processes" | "io" | "disk" | "network" | "kernel objects" | "devices";
  title: string;
  help: string;
  codec: Codec;
  /** In the codec's text form. */
  default: string;
  /** What a new group has before anything is written; `null` unless told. */
  fresh?: LevelValue;
  /** In base units; `unlimited` tells whether `null` is a value. */
  range: { min?: number; max?: number; unlimited: boolean };
  /** Whether it can change while the container runs. */
  live: boolean;
  enforcement: "kernel" | "sampled" | "advisory";
  alias?: LevelAlias;
  /** What it promises of the host; sums of it are set against what there is. */
  promise?: LevelPromise;
  /** What a percentage is a part of. */
  whole?(host: LevelHost): number;
  /** Why this host can't have the level at all, or `null`. */
  lacks?(host: LevelHost): string | null;
  /** Why this host can't have a value, or `null`. */
  check?(value: LevelValue, host: LevelHost): string | null;
  /** Why a change must wait for a restart although the level is live, or `null`. */
  later?(from: LevelValue, to: LevelValue, host: LevelHost): string | null;
  ways: Partial<Record<Dialect, LevelWay>>;
  /** Why a dialect has no way. */
  without?: Partial<Record<Dialect, string>>;
}

/** One level of one container. Numbers are in base units, `null` is unlimited. */
export interface LevelState {
  /** What was asked for last: live, else saved. */
  wanted: LevelValue;
  /** What the kernel has now; `null` while the container doesn't run. */
  effective: LevelValue;
  /** What the next start brings. */
  saved: LevelValue;
  /** What waits for a restart, `unlimited` in words; `null` when nothing does. */
  pending: LevelValue;
}

/** One write of a plan, as `set --dry-run` shows it. */
export interface LevelPlanStep {
  key: string;
  action: "write" | "reclaim";
  /** Controller and file, with the groups below the container's own in front. */
  file: string;
  from: string;
  to: string;
}

/** What `set` answers. */
export interface LevelChange {
  /** The values that were asked for, in base units. */
  applied: LevelValues;
  saved: boolean;
  /** Keys that wait for a restart. */
  pending: string[];
  /** One sentence about what becomes of them at the next start. */
  note: string;
  /** Only with `dryRun`. */
  plan?: LevelPlanStep[];
}

/** One row of `levels`. */
export interface LevelCatalogueRow {
  key: string;
  group: string;
  title: string;
  unit: string;
  live: boolean;
  supported: boolean;
  /** Why it isn't supported. */
  reason?: string;
  /** For which containers it isn't, where it is for others, and why. */
  depends?: string;
  enforcement: string;
  alias?: string;
  /** In base units of this host. */
  default: LevelValue;
  help: string;
  range: { min: number | null; max: number | null; unlimited: boolean };
  /** Forms a value can be written in. */
  forms: string;
}

/** What a level counts. `null` where the kernel has no such figure. */
export interface LevelCounter {
  key: string;
  held: LevelValue;
  peak: LevelValue;
  limit: LevelValue;
  fail: LevelValue;
}
