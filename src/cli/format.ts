import { WarrenError } from "../spec/errors.ts";
import { type Choice, type Column, type Format, harmless, json } from "./text.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes for people, in IEC units: `512MiB`, `1.5GiB`; exact ones have no decimals. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = Number.isInteger(value) || value >= 100 ? 0 : 1;
  // Rounding may reach the next unit: 1023.99 KiB is 1 MiB.
  if (Number(value.toFixed(digits)) >= 1024 && unit < UNITS.length - 1) return `1${UNITS[unit + 1]}`;
  return `${value.toFixed(digits)}${UNITS[unit]}`;
}

/** Seconds for people, in the two largest units: `3d 4h`, `5m 12s`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "m"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return "0s";
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n}${unit}`)
    .join(" ");
}

/** A point of time for people: local date and time to the minute. */
export function moment(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) return text;
  const two = (n: number): string => String(n).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** Values for a column's `show`; a missing one is "-". */
export const showBytes = (value: number | null): string => (value === null ? "-" : bytes(value));
export const showDuration = (value: number | null): string => (value === null ? "-" : duration(value));
export const showMoment = (value: string): string => moment(value);

function plain(value: unknown, between: string, none: string): string {
  if (value === null || value === undefined || value === "") return none;
  if (Array.isArray(value))
    return value.length ? value.map((v) => plain(v, between, none)).join(between) : none;
  if (typeof value === "object") return json(value);
  return String(value);
}

/** A field of CSV (RFC 4180); text that a spreadsheet would run as a formula gets a quote in front. */
function csvField(value: unknown): string {
  let text = plain(value, " ", "");
  if (typeof value !== "number" && /^[=+@\t\r-]/.test(text)) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Lines of aligned columns, two spaces apart, nothing behind the last. */
export function align(lines: readonly (readonly string[])[], right: readonly boolean[] = []): string {
  const widths: number[] = [];
  for (const line of lines)
    for (const [i, cell] of line.entries()) widths[i] = Math.max(widths[i] ?? 0, Bun.stringWidth(cell));
  const pad = (cell: string, i: number): string => {
    const gap = " ".repeat(widths[i]! - Bun.stringWidth(cell));
    return right[i] ? gap + cell : cell + gap;
  };
  return lines.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}

function chosen<T>(columns: Record<string, Column<T>>, choice: Choice): string[] {
  const all = Object.keys(columns);
  if (choice.columns === undefined) return all;
  const keys = choice.columns.toLowerCase().split(",");
  const strange = keys.find((key) => !Object.hasOwn(columns, key));
  if (strange !== undefined)
    throw new WarrenError("USAGE", `there is no column "${strange}"`, `choose from ${all.join(", ")}`);
  return keys;
}

/** A list in a format. Throws USAGE for a column that is not there. */
export function renderList<T>(
  format: Format,
  rows: readonly T[],
  columns: Record<string, Column<T>>,
  choice: Choice = {},
): string {
  if (format === "json") return `${json(rows, 2)}\n`;
  if (format === "yaml") return yaml(rows);
  const keys = chosen(columns, choice);
  const header = choice["no-header"] ? [] : [keys];
  if (format === "csv") {
    const lines = rows.map((row) => keys.map((key) => csvField(columns[key]!.get(row))).join(","));
    return [...header.map((names) => names.join(",")), ...lines].map((line) => `${line}\r\n`).join("");
  }
  const cell = (row: T, key: string): string => {
    const { get, show } = columns[key]!;
    const value = get(row);
    return harmless(show ? show(value as never, row) : plain(value, ", ", "-"));
  };
  const body = rows.map((row) => keys.map((key) => cell(row, key)));
  return align(
    [...header.map((names) => names.map((name) => name.toUpperCase())), ...body],
    keys.map((key) => columns[key]!.right === true),
  );
}

function yaml(data: unknown): string {
  return `${Bun.YAML.stringify(JSON.parse(json(data)), null, 2).trimEnd()}\n`;
}

/** Every leaf of an object with its path, `idmap.base`. */
function leaves(data: unknown, path = ""): [string, unknown][] {
  const isBranch =
    typeof data === "object" &&
    data !== null &&
    (!Array.isArray(data) || data.some((v) => typeof v === "object"));
  if (!isBranch || Object.keys(data).length === 0) return [[path, data]];
  return Object.entries(data).flatMap(([key, value]) => leaves(value, path ? `${path}.${key}` : key));
}

/** One thing in a format: in a table and in CSV a line for each of its fields. */
export function renderData(format: Format, data: unknown): string {
  if (format === "json") return `${json(data, 2)}\n`;
  if (format === "yaml") return yaml(data);
  const fields = leaves(data);
  if (format === "csv")
    return fields.map(([key, value]) => `${csvField(key)},${csvField(value)}\r\n`).join("");
  return align(fields.map(([key, value]) => [`${key}:`, harmless(fieldText(value))]));
}

const fieldText = (value: unknown): string =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? "-" : plain(value, ", ", "-");
