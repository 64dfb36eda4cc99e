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

/** Memory with one limit: plain numbers are pages of 4 KiB, with a unit they are bytes. */
export const ubcPages = (name: string): LevelAlias => ({
  name,
  forms: "pages of 4 KiB, or a size with a unit, or 0:LIMIT",
  translate(text) {
    const limit = limitOf(text);
    return limit !== null && /^\d{1,12}$/.test(limit) ? String(Number(limit) * PAGE) : limit;
  },
});

/** Disk space: plain numbers are KiB; of `SOFT:HARD` the hard limit is taken, for there is no time of grace. */
export const ubcKilobytes = (name: string): LevelAlias => ({
  name,
  forms: "KiB, or a size with a unit, or SOFT:HARD",
  translate(text) {
    const [soft = "", hard = soft, ...more] = text.split(":");
    if (more.length > 0 || hard === "") return null;
    if (hard === LONG_MAX || hard === UNLIMITED) return UNLIMITED;
    return /^\d{1,13}$/.test(hard) ? String(Number(hard) * 1024) : hard;
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

/** Pages, or a size with a unit, as bytes in the level's own text; OpenVZ's largest is unlimited. */
const pagesOf = (text: string): string => {
  if (text === LONG_MAX || text === UNLIMITED) return UNLIMITED;
  return /^\d{1,12}$/.test(text) ? String(Number(text) * PAGE) : text;
};
const split = (text: string): [barrier: string, limit: string] | null => {
  const [barrier = "", limit = barrier, ...more] = text.split(":");
  return more.length > 0 || barrier === "" ? null : [barrier, limit];
};

/** The limit of a pair whose barrier is another level's (`ubcBarrier`). */
export const ubcLimit = (name: string): LevelAlias => ({
  name,
  forms: "pages of 4 KiB, or a size with a unit, or BARRIER:LIMIT",
  translate: (text) => {
    const pair = split(text);
    return pair === null ? null : pagesOf(pair[1]);
  },
});

/** The barrier of a pair, where it is one: 0 is none, and one that the limit equals adds nothing. */
export const ubcBarrier = (name: string): LevelAlias => ({
  name,
  forms: "BARRIER:LIMIT in pages of 4 KiB or sizes with a unit",
  translate: (text) => {
    const pair = split(text);
    if (pair === null) return null;
    const [barrier, limit] = pair;
    return barrier === "0" || barrier === limit ? undefined : pagesOf(barrier);
  },
});

/** A guarantee: OpenVZ gave no meaning to its limit. */
export const ubcGuarantee = (name: string): LevelAlias => ({
  name,
  forms: "pages of 4 KiB, or a size with a unit; of BARRIER:LIMIT the barrier",
  translate: (text) => {
    const pair = split(text);
    return pair === null ? null : pagesOf(pair[0]);
  },
});

/** A rate of disks, 0 for none; a plain number counts `unit`. */
export const ubcRate = (name: string, unit: number): LevelAlias => ({
  name,
  forms:
    unit === 1
      ? "operations a second, 0 for no limit"
      : "megabytes a second, or a size with a unit, 0 for no limit",
  translate(text) {
    if (!/^\d{1,12}[BKMG]?$/i.test(text)) return null;
    if (Number.parseInt(text, 10) === 0) return UNLIMITED;
    return /^\d+$/.test(text) ? String(Number(text) * unit) : text;
  },
});

/** A priority of 0 to 7 as a weight: 4, OpenVZ's default, is one ordinary share. */
export const ubcPriority = (name: string): LevelAlias => ({
  name,
  forms: "0 to 7, 4 is one ordinary share",
  translate: (text) => (/^[0-7]$/.test(text) ? String(Math.max(10, Number(text) * 25)) : null),
});
