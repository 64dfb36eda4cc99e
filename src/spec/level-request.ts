/** From what a person wrote to values that the table allows; pure. */
import { badValue } from "./codec.ts";
import type { LevelValue, LevelValues } from "./container.ts";
import { WarrenError } from "./errors.ts";
import type { Dialect, LevelHost, LevelRow } from "./level.ts";
import { LEVELS } from "./levels.ts";
import { printable } from "./name.ts";
import { nearest } from "./nearest.ts";

/** The rows of a key, or of an OpenVZ name, which may be several; throws NO_LEVEL. */
export function levelRows(key: string): LevelRow[] {
  const rows = LEVELS.filter((each) => each.key === key || each.alias?.name === key);
  if (rows.length > 0) return rows;
  const keys = LEVELS.map((each) => each.key);
  const one = nearest(key, keys);
  // A part of the name, "limit", is not a slip of the finger.
  const near = one === undefined ? keys.filter((each) => each.split(".").includes(key)) : [one];
  const fix = near.length > 0 ? `did you mean ${near.join(" or ")}?` : "see `warren levels`";
  throw new WarrenError("NO_LEVEL", `there is no level "${printable(key)}"`, fix, { key: printable(key) });
}

/** The row of a key; throws NO_LEVEL. */
export const levelRow = (key: string): LevelRow =>
  LEVELS.find((each) => each.key === key) ?? levelRows(key)[0]!;

/** One value in a row's own text; throws BAD_VALUE with key, value and what to do. */
export function levelValue(row: LevelRow, text: string, host: LevelHost): LevelValue {
  const { key, codec, range } = row;
  const whole = row.whole?.(host);
  const value = codec.parse(text, whole === undefined ? { key } : { key, whole });
  if (value === null && !range.unlimited) throw badValue(key, text, "has no meaning", `use ${codec.forms}`);
  if (typeof value === "number" && value < (range.min ?? 0))
    throw badValue(key, text, `is below the least, ${codec.format(range.min ?? 0)}`, "give more");
  if (typeof value === "number" && value > (range.max ?? Number.POSITIVE_INFINITY))
    throw badValue(key, text, `is above the most, ${codec.format(range.max ?? null)}`, "give less");
  const why = row.check?.(value, host) ?? null;
  if (why !== null) throw badValue(key, text, why, `use ${codec.forms}`);
  return value;
}

/**
 * The row's own text for one that may be written under its OpenVZ name; `undefined` when that says nothing of it. Throws
 * BAD_VALUE.
 */
export function levelText({ alias }: LevelRow, name: string, text: string): string | undefined {
  if (alias === undefined || name !== alias.name) return text;
  const own = alias.translate(text.trim());
  if (own === null) throw badValue(name, text, `is not a value of ${name}`, `use ${alias.forms}`);
  return own;
}

/** Every value asked for, by the levels' own keys. Throws NO_LEVEL, BAD_VALUE, USAGE. */
export function levelRequest(set: Record<string, string>, host: LevelHost): LevelValues {
  const values: LevelValues = {};
  for (const [name, text] of Object.entries(set)) {
    for (const row of levelRows(name)) {
      const own = levelText(row, name, text);
      if (own === undefined) continue;
      if (row.key in values)
        throw new WarrenError(
          "USAGE",
          `${row.key} is given twice`,
          `give either ${row.key} or ${row.alias?.name}`,
        );
      values[row.key] = levelValue(row, own, host);
    }
  }
  return values;
}

/** What each level has that nobody chose. */
export function defaultLevels(host: LevelHost): LevelValues {
  return Object.fromEntries(LEVELS.map((row) => [row.key, levelValue(row, row.default, host)]));
}

/** What a new group has before anything is written to it. */
export const FRESH_LEVELS: LevelValues = Object.fromEntries(
  LEVELS.map((row) => [row.key, row.fresh ?? null]),
);

/** Throws BAD_VALUE when the levels together can't be expressed; `levels` has every key. */
export function checkTogether(levels: LevelValues, dialect: Dialect): void {
  for (const row of LEVELS) {
    const why = row.ways[dialect]?.refuse?.(levels) ?? null;
    if (why === null) continue;
    const text = row.codec.format(levels[row.key] ?? null);
    throw badValue(row.key, text, why, "set both in one change");
  }
}
