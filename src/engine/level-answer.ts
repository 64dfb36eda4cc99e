/** What commands on levels answer. */
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { LevelCatalogueRow, LevelHost, LevelRow } from "../spec/level.ts";
import { levelRow, levelValue } from "../spec/level-request.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";

/** One sentence about what becomes of a change. */
export function levelNote(
  name: string,
  runs: boolean,
  { save, dryRun }: { save: boolean; dryRun: boolean },
  later: readonly string[],
): string {
  if (dryRun) return "nothing was changed";
  if (!runs) return `"${name}" doesn't run: saved, in force from its next start`;
  if (later.length > 0) return `saved; ${later.join(", ")} in force after the next restart`;
  return save ? "in force and saved" : "in force now, lost at the next start; add --save to keep it";
}

/** A row of the catalogue as this host has it; `reason` tells why it can't do it, `depends` for whom it can't. */
export function catalogueRow(
  row: LevelRow,
  { reason, depends }: { reason: string | null; depends: string | null },
  host: LevelHost,
): LevelCatalogueRow {
  const { key, group, title, codec, live, enforcement, alias, help, range } = row;
  return {
    key,
    group,
    title,
    unit: codec.unit,
    live,
    supported: reason === null,
    ...(reason === null ? {} : { reason }),
    ...(depends === null ? {} : { depends }),
    enforcement,
    ...(alias ? { alias: alias.name } : {}),
    default: levelValue(row, row.default, host),
    help,
    range: { min: range.min ?? null, max: range.max ?? null, unlimited: range.unlimited },
    forms: codec.forms,
  };
}

/** Saved levels that the host could do once and can't now stop a start with one clear line. */
export function checkSaved(
  record: ContainerRecord,
  host: LevelHost,
  why: (row: LevelRow, host: LevelHost, pool: string) => string | null,
): void {
  for (const [key, value] of Object.entries(record.levels)) {
    const row = levelRow(key);
    const reason = why(row, host, record.pool ?? DEFAULT_POOL) ?? row.check?.(value, host) ?? null;
    // No limit is what everybody has without it.
    if (reason === null || row.codec.format(value) === row.default) continue;
    const text = `${key}=${row.codec.format(value)}`;
    throw new WarrenError(
      "UNSUPPORTED",
      `"${record.name}" has ${text} saved, and this host can't do it: ${reason}`,
      `set another: warren set ${record.name} ${key}=${row.default} --save`,
      { name: record.name, key, value },
    );
  }
}
