import type { WarrenError } from "../spec/errors.ts";

export type Format = "table" | "json" | "yaml" | "csv";

/** A column of a list: what scripts get, and how people see it. */
export interface Column<T> {
  get(row: T): unknown;
  /** For the table only; arrays are joined and nothing is "-" unless told. */
  show?(value: never, row: T): string;
  right?: true;
}

/** Where answers go. Everything waits until it was really written. */
export interface Output {
  readonly format: Format;
  write(data: string | Uint8Array): Promise<void>;
  /** A line for people on standard error. */
  note(line: string): Promise<void>;
  /** One line, or one JSON object, on standard error. */
  fail(error: WarrenError): Promise<void>;
  /** A line for people when the format is a table, else `data`. */
  done(line: string, data: unknown): Promise<void>;
  data(data: unknown): Promise<void>;
  list<T>(rows: readonly T[], columns: Record<string, Column<T>>, choice?: Choice): Promise<void>;
  /** Whether a descriptor (0, 1 or 2) is a terminal. */
  isTerminal(fd: 0 | 1 | 2): Promise<boolean>;
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

const DEV_NULL = 0x103;
const files = { 0: () => Bun.stdin, 1: () => Bun.stdout, 2: () => Bun.stderr } as const;

/** `rdev` first: asking the tty module takes 8 ms, which scripts need not wait. */
export async function isTerminal(fd: 0 | 1 | 2): Promise<boolean> {
  const stat = await files[fd]()
    .stat()
    .catch(() => undefined);
  if (!stat?.isCharacterDevice() || stat.rdev === DEV_NULL) return false;
  return (await import("node:tty")).isatty(fd);
}

/** Whether standard input is /dev/null, so that nothing need be read. */
export async function inputIsEmpty(): Promise<boolean> {
  const stat = await Bun.stdin.stat().catch(() => undefined);
  return stat === undefined || stat.rdev === DEV_NULL;
}

/** The real output of this process. */
export function createOutput(format: Format): Output {
  const write = async (data: string | Uint8Array): Promise<void> => {
    await Bun.write(Bun.stdout, data);
  };
  const note = async (line: string): Promise<void> => {
    await Bun.write(Bun.stderr, `${line}\n`);
  };
  const out: Output = {
    format,
    write,
    note,
    isTerminal,
    fail: (error) => note(errorLine(format, error)),
    done: (line, data) => (format === "table" ? write(`${harmless(line)}\n`) : out.data(data)),
    async data(data) {
      if (format === "json") return write(`${json(data, 2)}\n`);
      const { renderData } = await import("./format.ts");
      await write(renderData(format, data));
    },
    async list(rows, columns, choice = {}) {
      if (format === "json") return write(`${json(rows, 2)}\n`);
      const { renderList } = await import("./format.ts");
      await write(renderList(format, rows, columns, choice));
    },
  };
  return out;
}

/** `warren: MESSAGE; FIX`, or the error as JSON. */
export function errorLine(format: Format, error: WarrenError): string {
  if (format === "json") return json({ details: {}, ...error.body() });
  return `warren: ${harmless(error.message)}${error.fix ? `; ${harmless(error.fix)}` : ""}`;
}
