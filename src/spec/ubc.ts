/** Values as OpenVZ's tools wrote them, translated into a level's own text. */

import { UNLIMITED } from "./codec.ts";
import type { LevelAlias } from "./level.ts";

/** What OpenVZ printed for "no limit" on 64-bit hosts. */
const LONG_MAX = "9223372036854775807";
/** OpenVZ counted memory in pages of this size on every machine it ran on. */
const PAGE = 4096;

/**
 * The limit of `BARRIER:LIMIT` or of one plain value; `null` when the barrier asks for something the level can't
 * hold: only 0 (none) and the limit itself mean the same here.
 */
function limitOf(text: string): string | null {
  const [barrier = "", limit = barrier, ...more] = text.split(":");
  if (more.length > 0 || !(barrier === "0" || barrier === limit)) return null;
  return limit === LONG_MAX || limit === UNLIMITED ? UNLIMITED : limit;
}

/** A count, `BARRIER:LIMIT` allowed. */
export const ubcCount = (name: string): LevelAlias => ({
  name,
  forms: "a count or BARRIER:LIMIT with both equal",
  translate: limitOf,
});

/** Memory: plain numbers are pages of 4 KiB, with a unit they are bytes. */
export const ubcPages = (name: string): LevelAlias => ({
  name,
  forms: "pages of 4 KiB, or a size with a unit, or 0:LIMIT",
  translate(text) {
    const limit = limitOf(text);
    return limit !== null && /^\d{1,12}$/.test(limit) ? String(Number(limit) * PAGE) : limit;
  },
});

/** CPU units: 1000 is one ordinary share, which is a weight of 100. */
export const ubcUnits = (name: string): LevelAlias => ({
  name,
  forms: "8 to 100000, 1000 is one ordinary share",
  translate: (text) => (/^\d{1,9}$/.test(text) ? String(Math.max(1, Math.round(Number(text) / 10))) : null),
});

/** A CPU limit in percent of one CPU, 0 for none. */
export const ubcPercent = (name: string): LevelAlias => ({
  name,
  forms: "percent of one CPU, 0 for none",
  translate(text) {
    const [, digits] = /^(\d{1,6}(?:\.\d{1,3})?)%?$/.exec(text) ?? [];
    if (digits === undefined) return null;
    return Number(digits) === 0 ? UNLIMITED : `${digits}%`;
  },
});

/** A list of CPUs, `all` for every one. */
export const ubcMask = (name: string): LevelAlias => ({
  name,
  forms: "a list of CPUs or all",
  translate: (text) => (text === "all" ? UNLIMITED : text),
});
