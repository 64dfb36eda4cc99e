/** The columns of `top`: what each shows in a few characters, and what it is sorted by. */
import type { Column } from "../text.ts";
import type { Row } from "./rates.ts";

const UNITS = "BKMGTP";

/** Bytes in at most five characters: `999B`, `12.3M`, `1023K`. */
export function short(count: number | null): string {
  if (count === null) return "-";
  let value = Math.max(0, count);
  let unit = 0;
  while (Math.round(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit > 0 && value < 99.95 ? 1 : 0;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
}

/** A share in percent in at most five characters. */
export function percent(share: number | null): string {
  if (share === null) return "-";
  const value = share * 100;
  return value.toFixed(value < 99.95 ? 1 : 0);
}

/** Seconds in at most six characters, the two largest units: `59s`, `5m12s`, `3d4h`, `412d`. */
export function span(seconds: number | null): string {
  if (seconds === null) return "-";
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const minutes = Math.floor(seconds / 60) % 60;
  if (days > 99) return `${days}d`;
  if (days > 0) return `${days}d${hours}h`;
  if (hours > 0) return `${hours}h${minutes}m`;
  return minutes > 0 ? `${minutes}m${Math.floor(seconds % 60)}s` : `${Math.floor(seconds)}s`;
}

const both = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) + (b ?? 0);

/** The worst of a container's pressures. */
export const worst = ({ pressure }: Row): number | null => {
  const known = Object.values(pressure).filter((each) => each !== null);
  return known.length === 0 ? null : Math.max(...known);
};

const avg = (value: number | null): string => (value === null ? "-" : percent(value / 100));
const percentOf = ({ nearest }: Row): string =>
  nearest === null ? "-" : `${Math.floor(nearest.ratio * 100)}%`;

/** What containers can be sorted by, in the order in which `<` and `>` walk through it. */
export const ORDERS = {
  name: (row: Row) => row.name,
  state: (row: Row) => row.state,
  cpu: (row: Row) => row.rates.cpu,
  memory: (row: Row) => row.memory,
  io: (row: Row) => both(row.rates.ioRead, row.rates.ioWrite),
  net: (row: Row) => both(row.rates.netIn, row.rates.netOut),
  pressure: worst,
  processes: (row: Row) => row.tasks,
  nearest: (row: Row) => row.nearest?.ratio ?? null,
  failures: (row: Row) => row.fail,
  uptime: (row: Row) => row.uptime,
} as const satisfies Record<string, (row: Row) => string | number | null>;
export type Order = keyof typeof ORDERS;

/** One column on the screen. */
export interface Cell {
  title: string;
  width: number;
  /** Left unless told. */
  right?: true;
  order: Order;
  text(row: Row): string;
}

/** Columns beside the name, the most wanted first: a narrow terminal shows as many as fit. */
export const CELLS: readonly Cell[] = [
  { title: "STATE", width: 8, order: "state", text: (row) => row.state },
  { title: "CPU%", width: 5, right: true, order: "cpu", text: (row) => percent(row.rates.cpu) },
  { title: "MEM", width: 5, right: true, order: "memory", text: (row) => short(row.memory) },
  { title: "READ", width: 5, right: true, order: "io", text: (row) => short(row.rates.ioRead) },
  { title: "WRITE", width: 5, right: true, order: "io", text: (row) => short(row.rates.ioWrite) },
  { title: "IN", width: 5, right: true, order: "net", text: (row) => short(row.rates.netIn) },
  { title: "OUT", width: 5, right: true, order: "net", text: (row) => short(row.rates.netOut) },
  { title: "PRESS", width: 5, right: true, order: "pressure", text: (row) => avg(worst(row)) },
  { title: "PROC", width: 5, right: true, order: "processes", text: (row) => String(row.tasks ?? "-") },
  { title: "NEAR", width: 4, right: true, order: "nearest", text: percentOf },
  { title: "FAIL", width: 4, right: true, order: "failures", text: (row) => String(row.fail ?? "-") },
  { title: "UP", width: 6, right: true, order: "uptime", text: (row) => span(row.uptime) },
  { title: "LIMIT", width: 5, right: true, order: "memory", text: (row) => short(row.memoryLimit) },
  { title: "NEAREST", width: 14, order: "nearest", text: (row) => row.nearest?.key ?? "-" },
  { title: "P-CPU", width: 5, right: true, order: "pressure", text: (row) => avg(row.pressure.cpu) },
  { title: "P-MEM", width: 5, right: true, order: "pressure", text: (row) => avg(row.pressure.memory) },
  { title: "P-IO", width: 5, right: true, order: "pressure", text: (row) => avg(row.pressure.io) },
];

const perSecond = (value: number | null): string => (value === null ? "-" : `${short(value)}/s`);
const rounded = (value: number | null): number | null => (value === null ? null : Math.round(value));

/** Columns of `--batch`, for scripts too: base units in CSV and JSON. */
export const BATCH: Record<string, Column<Row>> = {
  name: { get: (row) => row.name },
  state: { get: (row) => row.state },
  cpu: { get: (row) => (row.rates.cpu === null ? null : Number(percent(row.rates.cpu))), right: true },
  memory: { get: (row) => row.memory, show: short, right: true },
  limit: { get: (row) => row.memoryLimit, show: short, right: true },
  read: { get: (row) => rounded(row.rates.ioRead), show: perSecond, right: true },
  write: { get: (row) => rounded(row.rates.ioWrite), show: perSecond, right: true },
  in: { get: (row) => rounded(row.rates.netIn), show: perSecond, right: true },
  out: { get: (row) => rounded(row.rates.netOut), show: perSecond, right: true },
  pressure: { get: worst, right: true },
  processes: { get: (row) => row.tasks, right: true },
  nearest: { get: (row) => row.nearest?.key },
  near: { get: (row) => row.nearest?.ratio, show: (_: never, row) => percentOf(row), right: true },
  failures: { get: (row) => row.fail, right: true },
  uptime: { get: (row) => row.uptime, show: span, right: true },
};

/** Rows in an order, largest first except for words; `reverse` the other way. Unknown comes last either way. */
export function sorted(rows: readonly Row[], order: Order, reverse: boolean): Row[] {
  const value = ORDERS[order];
  const words = order === "name" || order === "state";
  const sign = words === reverse ? -1 : 1;
  return rows.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === y) return a.name < b.name ? -1 : 1;
    if (x === null || y === null) return x === null ? 1 : -1;
    return (x < y ? -1 : 1) * sign;
  });
}
