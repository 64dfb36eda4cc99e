/** What profiles come to: from text that people wrote to levels that can be set; pure. */
import { badValue } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";
import type { LevelRow } from "../spec/level.ts";
import { levelRows, levelText } from "../spec/level-request.ts";
import type { ProfileContent } from "../spec/profile.ts";

/** Stands for the whole of a host that isn't known yet, where only the form of a percentage is looked at. */
const SOME_WHOLE = 2 ** 50;

/**
 * A level's own text for one that may be written under its OpenVZ name, `undefined` when that says nothing of it. What
 * a host makes of it is seen when it is applied; form and range are looked at now. Throws BAD_VALUE.
 */
export function ownText(row: LevelRow, name: string, text: string): string | undefined {
  const own = levelText(row, name, text.trim());
  if (own === undefined) return undefined;
  const { key, codec, range } = row;
  const value = codec.parse(own, row.whole ? { key, whole: SOME_WHOLE } : { key });
  if (value === null && !range.unlimited) throw badValue(key, own, "has no meaning", `use ${codec.forms}`);
  if (typeof value === "number" && value < (range.min ?? 0))
    throw badValue(key, own, `is below the least, ${codec.format(range.min ?? 0)}`, "give more");
  if (typeof value === "number" && value > (range.max ?? Number.POSITIVE_INFINITY))
    throw badValue(key, own, `is above the most, ${codec.format(range.max ?? null)}`, "give less");
  return own;
}

/** Levels by their own keys, as a profile keeps them. Throws NO_LEVEL, BAD_VALUE, USAGE. */
export function profileLevels(set: Readonly<Record<string, string>>): Record<string, string> {
  const levels: Record<string, string> = {};
  for (const [name, text] of Object.entries(set))
    for (const row of levelRows(name)) {
      const own = ownText(row, name, text);
      if (own === undefined) continue;
      if (row.key in levels)
        throw new WarrenError("USAGE", `${row.key} is given twice`, `give it once, as ${row.key}`);
      levels[row.key] = own;
    }
  return levels;
}

/** Several profiles as one: of the same level or setting the last one's holds. */
export function mergeProfiles(profiles: readonly ProfileContent[]): Omit<ProfileContent, "description"> {
  const levels = Object.assign({}, ...profiles.map((each) => each.levels)) as Record<string, string>;
  const priority = profiles.findLast((each) => each.priority !== null)?.priority ?? null;
  return { levels, priority };
}

/** The levels of profiles with those given for the one container above them. Throws NO_LEVEL. */
export function withOwn(
  levels: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const taken = new Set(Object.keys(own).flatMap((name) => levelRows(name).map(({ key }) => key)));
  const rest = Object.entries(levels).filter(([key]) => !taken.has(key));
  return { ...Object.fromEntries(rest), ...own };
}
