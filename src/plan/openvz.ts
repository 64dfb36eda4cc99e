/** OpenVZ's container configurations and samples: shell assignments that are read, never executed. */
import { badValue, UNLIMITED } from "../spec/codec.ts";
import { WarrenError } from "../spec/errors.ts";
import type { LevelRow } from "../spec/level.ts";
import { LEVELS } from "../spec/levels.ts";
import { printable } from "../spec/name.ts";
import { OPENVZ_LEFT_OUT } from "../spec/openvz.ts";
import type { LeftOut, ProfileContent } from "../spec/profile.ts";
import { ownText } from "./profile.ts";

const ASSIGNMENT =
  /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]*)=(?:"([^"]*)"|'([^']*)'|([^\s"'#;&|<>()]*))\s*(?:#.*)?$/i;
/** OpenVZ's largest number, on 64-bit and on 32-bit hosts, and the word. */
const NO_LIMIT = /^(?:9223372036854775807|2147483647|unlimited)$/;

/**
 * The assignments by upper-case name, the last of a name as a shell would have it; nothing is expanded. Throws
 * BAD_VALUE for a line that is no assignment.
 */
export function shellAssignments(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#.*)?$/.test(line)) continue;
    const [, name, double, single, bare] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined)
      throw badValue(`line ${i + 1}`, line.trim(), "is not an assignment", 'write it as NAME="VALUE"');
    found.set(name.toUpperCase(), double ?? single ?? bare ?? "");
  }
  return found;
}

/** The limit of `BARRIER:LIMIT` or of one value. */
const limitOf = (text: string): string => text.split(":").at(-1) ?? text;
const limited = (text: string): boolean => !NO_LIMIT.test(limitOf(text));

/** The configuration as it means the same on today's kernels, before single names are looked up. */
function modern(given: ReadonlyMap<string, string>): { config: Map<string, string>; leftOut: LeftOut[] } {
  const config = new Map(given);
  const leftOut: LeftOut[] = [];
  const leave = (name: string, reason: string): void => {
    leftOut.push({ name, value: config.get(name) ?? "", reason });
    config.delete(name);
  };
  const [physical, allocated] = [config.get("PHYSPAGES"), config.get("PRIVVMPAGES")];
  if (physical !== undefined && !limited(physical)) {
    // Before VSwap PHYSPAGES only counted: taking it for a limit would take every limit of memory away.
    leave("PHYSPAGES", "only counted where it is unlimited");
    // What may be allocated bounds what can be used, so the container gets no less than it had.
    if (allocated !== undefined && limited(allocated)) {
      config.set("PHYSPAGES", `0:${limitOf(allocated)}`);
      leave("PRIVVMPAGES", `${OPENVZ_LEFT_OUT.PRIVVMPAGES}; taken as memory.limit`);
    }
  }
  const cpus = config.get("CPUS");
  const limit = config.get("CPULIMIT");
  if (cpus !== undefined && /^\d{1,4}$/.test(cpus)) {
    const most = Number(limit ?? 0);
    if (limit === undefined || most === 0 || most > Number(cpus) * 100)
      config.set("CPULIMIT", String(Number(cpus) * 100));
    config.delete("CPUS");
  }
  return { config, leftOut };
}

/** A row's own text as people write it: OpenVZ's pages and KiB became plain numbers of bytes. */
function readable(row: LevelRow, name: string, text: string): string | undefined {
  const own = ownText(row, name, text);
  return own !== undefined && /^\d+$/.test(own)
    ? row.codec.format(row.codec.parse(own, { key: row.key }))
    : own;
}

/** The levels of a name, each with its own text; the reason when there is none. */
function levelsOf(name: string, value: string): Record<string, string> | string {
  const rows = LEVELS.filter(({ alias }) => alias?.name === name.toLowerCase());
  if (rows.length === 0) return OPENVZ_LEFT_OUT[name] ?? "not known";
  // Of SOFT:HARD the hard limit is the one that holds for good.
  for (const text of new Set([value, limitOf(value)]))
    try {
      const own = rows.map(
        (row) => [row.key, readable(row, name.toLowerCase(), text.replace(NO_LIMIT, UNLIMITED))] as const,
      );
      return Object.fromEntries(own.flatMap(([key, each]) => (each === undefined ? [] : [[key, each]])));
    } catch (error) {
      if (!(error instanceof WarrenError)) throw error;
    }
  return `not a value that ${rows.map(({ key }) => key).join(" and ")} can have`;
}

/** Whether a value has no barrier and no limit. */
const asksNothing = (value: string): boolean =>
  !limited(value) && value.split(":").every((part) => part === "0" || NO_LIMIT.test(part));

/** A profile's content out of OpenVZ's, and one list of what has no meaning today. Throws BAD_VALUE. */
export function fromOpenvz(text: string): { content: ProfileContent; leftOut: LeftOut[] } {
  const { config, leftOut } = modern(shellAssignments(text));
  const content: ProfileContent = { description: "", levels: {}, priority: null };
  for (const [name, value] of config) {
    const leave = (reason: string): number => leftOut.push({ name, value, reason });
    if (name === "DESCRIPTION") content.description = printable(value);
    else if (name === "BOOTORDER") {
      // Higher first, as with Warren; its range is smaller.
      if (/^\d{1,4}$/.test(value) && Number(value) <= 1000) content.priority = Number(value);
      else leave("not a priority of -1000 to 1000");
    } else {
      const found = levelsOf(name, value);
      if (typeof found !== "string") Object.assign(content.levels, found);
      else leave(name in OPENVZ_LEFT_OUT && asksNothing(value) ? "asks for no limit" : found);
    }
  }
  return { content, leftOut };
}
