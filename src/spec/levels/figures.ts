/** The small words the rows' kernel sides are made of: how texts of control groups read and how limits are written. */
import type { LevelValue, LevelValues } from "../container.ts";
import type { Dialect, Figure, LevelWay, Setting } from "../level.ts";

/** v1 prints "no limit" as the largest number of pages; anything near it means none. */
const V1_NONE = 2 ** 62;

/** Limits on memory count in pages; kernels with larger ones round further down by themselves. */
const PAGE = 4096;
/** Bytes of the largest page that kernels count in. */
export const LARGEST_PAGE = 65_536;
/** Bytes in whole pages. */
export const page = (value: number): number => value - (value % PAGE);

/** A level's value where it is a number. */
export const amount = (levels: LevelValues, key: string): number | null => {
  const value = levels[key];
  return typeof value === "number" ? value : null;
};
/** A number, or `null` for `max`, -1 and v1's largest. */
export const extent = (text: string): number | null => {
  const value = Number(text);
  return text === "max" || value < 0 || value >= V1_NONE ? null : value;
};
/** The figure behind a word in a file of `word number` lines. */
export const field =
  (word: string) =>
  ([text = ""]: readonly string[]): number | null => {
    const line = text.split("\n").find((each) => each.startsWith(`${word} `));
    return line === undefined ? null : Number(line.slice(word.length + 1));
  };
const whole = ([text = ""]: readonly string[]): number | null => extent(text);
/** One figure out of one file. */
export const figure = (controller: string, file: string, pick: Figure["pick"] = whole): Figure => ({
  controller,
  files: [file],
  pick,
});

/** A v2 setting of one level, where `max` is no limit. */
export const limitV2 = (
  key: string,
  controller: string,
  file: string,
  text = (value: number) => String(value),
): Setting => ({
  controller,
  file,
  of: [key],
  text: (levels) => {
    const value = amount(levels, key);
    return value === null ? "max" : text(value);
  },
  extent,
});

/** The way of a level that control groups have no part in: the same in both dialects. */
export const bothDialects = (way: LevelWay): Record<Dialect, LevelWay> => ({ v1: way, v2: way });

/** A setting that is 1 when its level is on; `tight` tells that on gives the container less. */
export const toggle = (
  key: string,
  controller: string,
  file: string,
  { tight = false }: { tight?: boolean } = {},
): Setting => ({
  controller,
  file,
  of: [key],
  text: (levels) => (levels[key] === "on" ? "1" : "0"),
  extent: (text) => (tight ? -Number(text) : Number(text)),
});
/** Whether such a file is on. */
export const isOn = ([text = ""]: readonly string[]): LevelValue => (text === "1" ? "on" : "off");
