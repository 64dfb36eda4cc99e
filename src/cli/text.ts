/** How answers may be written, and text that is safe to show. */
export type Format = "table" | "json" | "yaml" | "csv";

/** A column of a list: what scripts get, and how people see it. */
export interface Column<T> {
  get(row: T): unknown;
  /** For the table only; arrays are joined and nothing is "-" unless told. */
  show?(value: never, row: T): string;
  right?: true;
}

/** Which columns, and whether their names stand above. */
export interface Choice {
  columns?: string | undefined;
  "no-header"?: boolean;
}

/** Text of a guest or of a file name, without what a terminal would obey. */
export const harmless = (text: string): string => text.replace(/[\x00-\x1f\x7f-\x9f]/g, "?");

/** One line of JSON or, indented, several; C1 controls are escaped, which JSON itself does not ask for. */
export function json(data: unknown, indent = 0): string {
  const text = JSON.stringify(data ?? null, null, indent);
  return text.replace(/[\x7f-\x9f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
}
