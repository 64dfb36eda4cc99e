import type { LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { LEVELS } from "../spec/levels.ts";
import type { SkippedLevel } from "../spec/profile.ts";
import type { Context } from "./context.ts";

/**
 * Saved levels from another host, checked like those a person gives for a container in `pool`. What can't be done there is refused, or left out with
 * the reason when that is asked for. Throws UNSUPPORTED, BAD_VALUE.
 */
export function importedLevels(
  c: Context,
  values: LevelValues,
  skip: boolean,
  pool: string,
): { levels: LevelValues; skipped: SkippedLevel[] } {
  const reasons = new Map(c.levels.catalogue(pool).map(({ key, reason }) => [key, reason]));
  const wanted: Record<string, string> = {};
  const skipped: SkippedLevel[] = [];
  for (const [key, value] of Object.entries(values)) {
    const row = LEVELS.find((each) => each.key === key);
    const text = row ? row.codec.format(value) : String(value);
    const reason = row ? reasons.get(key) : "this Warren has no such level";
    if (reason) skipped.push({ key, value: text, reason });
    else wanted[key] = text;
  }
  if (skipped.length > 0 && !skip)
    throw new WarrenError(
      "UNSUPPORTED",
      `this host can't do all the export asks for: ${skipped.map((s) => `${s.key}: ${s.reason}`).join("; ")}`,
      "add --skip-unsupported to leave that out",
      { skipped },
    );
  return { levels: c.levels.parseRequest(wanted, pool), skipped };
}
