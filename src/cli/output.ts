import { WarrenError } from "../spec/errors.ts";
import { type Choice, type Column, type Format, harmless, json } from "./text.ts";

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

const DEV_NULL = 0x103;
const files = { 0: () => Bun.stdin, 1: () => Bun.stdout, 2: () => Bun.stderr } as const;

/** What a descriptor leads to; `device` may be a terminal, `nothing` is /dev/null or closed. */
async function kindOf(fd: 0 | 1 | 2): Promise<"device" | "nothing" | "data"> {
  const stat = await files[fd]()
    .stat()
    .catch(() => undefined);
  if (stat === undefined || stat.rdev === DEV_NULL) return "nothing";
  return stat.isCharacterDevice() ? "device" : "data";
}

/** Whether a descriptor is a terminal. Its kind first: asking the tty module takes 8 ms, which scripts need not wait. */
export async function isTerminal(fd: 0 | 1 | 2): Promise<boolean> {
  return (await kindOf(fd)) === "device" && (await import("node:tty")).isatty(fd);
}

/** Standard input: whether there is any, and whether a person types it. */
export async function inputKind(): Promise<"terminal" | "nothing" | "data"> {
  const kind = await kindOf(0);
  if (kind !== "device") return kind;
  return (await import("node:tty")).isatty(0) ? "terminal" : "data";
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

/** The error for an answer that can't be written; nothing for another one. Files and the daemon have errors of their own. */
export function unwritable(thrown: unknown): WarrenError | undefined {
  const { code, message } = (thrown ?? {}) as { code?: unknown; message?: string };
  if (thrown instanceof WarrenError || !(code === "ENOSPC" || code === "EIO" || code === "EDQUOT"))
    return undefined;
  return new WarrenError("FAILED", `the answer can't be written: ${message}`, "the command itself has run");
}

/** `warren: MESSAGE; FIX`, or the error as JSON. */
export function errorLine(format: Format, error: WarrenError): string {
  if (format === "json") return json({ details: {}, ...error.body() });
  return `warren: ${harmless(error.message)}${error.fix ? `; ${harmless(error.fix)}` : ""}`;
}
