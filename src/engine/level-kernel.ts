/** What the kernel says of levels: settings as they are, figures, and which levels this host can do. */
import type { Cgroups } from "../host/cgroup/index.ts";
import type { Present } from "../plan/level.ts";
import type { LevelValue, LevelValues } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Dialect, Figure, LevelCounter, LevelHost, LevelRow, LevelWay, Setting } from "../spec/level.ts";
import { LEVELS } from "../spec/levels.ts";
import type { LevelDoors, LevelKernel } from "./level-door.ts";

/** The way a dialect serves a row, if it does. */
export const wayOf = (row: LevelRow, dialect: Dialect): LevelWay | undefined => row.ways[dialect];

/**
 * Why this host can't do a level, for containers of a pool where one is named, or `null`. `top` is the group that holds the
 * containers', which may not be there yet.
 */
export function unsupported(
  row: LevelRow,
  cgroups: Omit<LevelKernel, "write" | "slow"> & Pick<Cgroups, "neighbour">,
  doors: LevelDoors,
  top: string,
  host: LevelHost,
  pool?: string,
): string | null {
  const lacks = row.lacks?.(host) ?? null;
  if (lacks !== null) return lacks;
  const way = wayOf(row, cgroups.dialect);
  if (!way) return row.without?.[cgroups.dialect] ?? `cgroup ${cgroups.dialect} has nothing for it`;
  for (const { controller, file, inRoot, when } of way.settings) {
    if (when?.({}, host) === false) continue;
    const door = doors[controller];
    if (door) {
      const missing = door.missing(file, pool);
      if (missing !== null) return missing;
      continue;
    }
    if (!cgroups.controllers.has(controller)) return `the kernel has no ${controller} controller`;
    // Handed down only when somebody asks for it.
    if (host.beside?.includes(controller)) continue;
    // Before the first container another's group tells what the kernel gives all but the root.
    const below = () => (cgroups.exists(top, controller) ? top : cgroups.neighbour(controller));
    const probe = inRoot ? "." : below();
    if (probe !== null && cgroups.exists(probe, controller) && cgroups.read(probe, controller, file) === null)
      return `the kernel has no ${file}`;
  }
  return null;
}

/** For which containers this host can't do a level that it can do for others, or `null`. */
export function dependsOn(row: LevelRow, dialect: Dialect, doors: LevelDoors): string | null {
  const settings = wayOf(row, dialect)?.settings ?? [];
  const told = settings.flatMap(({ controller, file }) => doors[controller]?.depends?.(file) ?? []);
  return told[0] ?? null;
}

/** Controllers and doors that the given levels are read from. */
export function controllersOf(rows: readonly LevelRow[], dialect: Dialect): Set<string> {
  const ways = rows.flatMap((row) => wayOf(row, dialect) ?? []);
  const figures = ways.flatMap((way) => [way.limit, way.held, way.peak, ...(way.fail ?? [])]);
  return new Set([
    ...ways.flatMap(({ settings }) => settings.map(({ controller }) => controller)),
    ...figures.flatMap((each) => each?.controller ?? []),
  ]);
}

/** Settings that the given levels decide, in the table's order. */
export function settingsOf(keys: readonly string[], dialect: Dialect): Setting[] {
  const all = LEVELS.flatMap((row) => wayOf(row, dialect)?.settings ?? []);
  return all.filter(({ of }) => of.some((key) => keys.includes(key)));
}

/** A setting's text as the kernel has it, `null` when there is no such file. */
export function readSetting(
  cgroups: LevelKernel,
  group: string,
  setting: Setting,
  host: LevelHost,
): string | null {
  const text = cgroups.read(group, setting.controller, setting.file);
  if (text === null) return null;
  if (text === "" && setting.empty) return setting.empty(host);
  return setting.shown?.(text, host) ?? text;
}

/**
 * The settings as the kernel has them; those that this host hasn't are left out. With `fresh` those that wait for their
 * controller to be handed down are as they will be then.
 */
export function readPresent(
  cgroups: LevelKernel,
  group: string,
  settings: readonly Setting[],
  host: LevelHost,
  fresh?: LevelValues,
): Present[] {
  return settings.flatMap((setting) => {
    const { controller, nesting, lowering } = setting;
    const awaited = fresh && host.beside?.includes(controller) ? setting.text(fresh, host) : null;
    const text = readSetting(cgroups, group, setting, host) ?? awaited;
    if (text === null) return [];
    const below = (nesting ? cgroups.below(group, controller) : []).map((path) => ({
      path,
      texts: (nesting?.files ?? []).map((each) =>
        each === setting.file
          ? (readSetting(cgroups, `${group}/${path}`, setting, host) ?? "")
          : (cgroups.read(`${group}/${path}`, controller, each) ?? ""),
      ),
    }));
    const ceiling = lowering?.ceiling ? cgroups.read(group, controller, lowering.ceiling) : null;
    return [{ setting, text, below, ...(ceiling === null ? {} : { ceiling }) }];
  });
}

/** Whether the kernel keeps what was written. */
export function holds(setting: Setting, wrote: string, read: string): boolean {
  const [asked, kept] = [setting.extent(wrote), setting.extent(read)];
  if (asked === kept) return true;
  return (
    typeof asked === "number" &&
    typeof kept === "number" &&
    kept < asked &&
    asked - kept < (setting.slack ?? 0)
  );
}

/** One figure, `null` when the kernel hasn't got it. */
export function readFigure(
  cgroups: Pick<LevelKernel, "read" | "below">,
  group: string,
  figure: Figure | undefined,
): LevelValue {
  if (!figure) return null;
  const one = (path: string): LevelValue => {
    const texts = figure.files.map((file) => cgroups.read(path, figure.controller, file));
    if (texts[0] === null) return readFigure(cgroups, path, figure.or);
    return figure.pick(texts.map((text) => text ?? ""));
  };
  const own = one(group);
  if (!figure.tree || typeof own !== "number") return own;
  const rest = cgroups.below(group, figure.controller).map((path) => one(`${group}/${path}`));
  return rest.reduce<number>((sum, each) => sum + (typeof each === "number" ? each : 0), own);
}

/** What is in force in a group, by key; levels that this dialect can't do are left out. */
export function readEffective(
  cgroups: LevelKernel,
  group: string,
  host: LevelHost,
  rows: readonly LevelRow[] = LEVELS,
): LevelValues {
  const entries = rows.flatMap((row) => {
    const way = wayOf(row, cgroups.dialect);
    if (!way) return [];
    const empty = way.settings[0]?.empty?.(host) ?? null;
    return [[row.key, readFigure(cgroups, group, way.limit) ?? empty] as const];
  });
  return Object.fromEntries(entries);
}

/** Held, peak, limit and failures of every level of a group. */
export function readCounters(cgroups: LevelKernel, group: string): LevelCounter[] {
  return LEVELS.flatMap((row) => {
    const way = wayOf(row, cgroups.dialect);
    if (!way) return [];
    const [held = null, peak = null, limit = null] = [way.held, way.peak, way.limit].map((figure) =>
      readFigure(cgroups, group, figure),
    );
    const failures = (way.fail ?? []).map((figure) => readFigure(cgroups, group, figure));
    const known = failures.filter((each) => typeof each === "number");
    const fail = known.length === 0 ? null : known.reduce((sum, each) => sum + each, 0);
    return [{ key: row.key, held, peak, limit, fail }];
  });
}

/** The error for a level that this host can't do. */
export function unsupportedError(row: LevelRow, why: string): WarrenError {
  return new WarrenError(
    "UNSUPPORTED",
    `${row.key} can't be set on this host: ${why}`,
    "see `warren levels`",
    {
      key: row.key,
      reason: why,
    },
  );
}
