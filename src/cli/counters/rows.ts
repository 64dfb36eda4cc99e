/** How counters look to people: units, what stands out. */
import { type Counter, fillsUp } from "../../spec/counter.ts";
import { showBytes } from "../format.ts";
import type { Column } from "../text.ts";
import { inUnit } from "../unit.ts";
import type { SinceLast } from "./memory.ts";

export interface Row extends Counter {
  sinceLast?: SinceLast;
}

/** Part of its limit from which on a level is near it. */
const NEAR = 0.9;

const amount = (value: unknown, { unit }: Row): string => {
  if (value === null) return "-";
  return unit === "bytes" && typeof value === "number" ? showBytes(value) : inUnit(unit, value as never);
};
const change = (value: number | null, row: Row): string =>
  value === 0 ? "0" : value === null ? "-" : `${value < 0 ? "-" : "+"}${amount(Math.abs(value), row)}`;
const limit = (value: unknown, row: Row): string => (value === null ? "unlimited" : amount(value, row));

/** Whether the level refused something: at all, or since last time where that is known. */
export const failed = ({ fail, sinceLast }: Row): boolean => ((sinceLast ? sinceLast.fail : fail) ?? 0) > 0;

/** Whether the level counts anything; a share or a list of CPUs doesn't. */
export const counts = ({ held, peak, fail }: Counter): boolean =>
  held !== null || peak !== null || fail !== null;

/** Whether what is held is near the limit; nothing is near a limit of nothing. */
export const isNear = ({ unit, held, limit: most }: Row): boolean =>
  fillsUp(unit) && typeof held === "number" && typeof most === "number" && most > 0 && held >= most * NEAR;

/** Columns; with `since` those that tell what is new, with `rebooted` when the guest rebooted itself. */
export function columnsOf(since: boolean, rebooted: boolean): Record<string, Column<Row>> {
  return {
    container: { get: (row) => row.container },
    key: { get: (row) => row.key },
    held: { get: (row) => row.held, show: amount, right: true },
    ...(since
      ? { change: { get: (row) => row.sinceLast?.held ?? null, show: change, right: true as const } }
      : {}),
    peak: { get: (row) => row.peak, show: amount, right: true },
    limit: { get: (row) => row.limit, show: limit, right: true },
    fail: { get: (row) => row.fail, right: true },
    ...(since ? { new: { get: (row) => row.sinceLast?.fail ?? null, right: true as const } } : {}),
    last: { get: (row) => row.lastFail, show: (text: string | null) => (text === null ? "-" : clock(text)) },
    process: {
      get: (row) => (row.lastProcess ? `${row.lastProcess.name}(${row.lastProcess.pid})` : null),
    },
    ...(rebooted
      ? {
          rebooted: {
            get: (row: Row) => row.rebooted,
            show: (text: string | null) => (text === null ? "-" : clock(text)),
          },
        }
      : {}),
  };
}

/** A time of today without its day, seconds included; an older one with it. */
function clock(text: string): string {
  const time = new Date(text);
  const two = (n: number): string => String(n).padStart(2, "0");
  const hours = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  if (time.toDateString() === new Date().toDateString()) return hours;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${hours}`;
}
