/** What a user saw last of the counters, kept in a file of his own. */
import { constants, mkdirSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Counter } from "../../spec/counter.ts";
import { WarrenError } from "../../spec/errors.ts";
import type { Instance } from "../../spec/instance.ts";

/** Figures of one row, and which start of the container they were of. */
export interface Seen {
  since: string | null;
  fail: number | null;
  held: number | null;
}

/** Rows by `CONTAINER KEY`, and when they were seen, RFC 3339. */
export interface Memory {
  time: string;
  rows: Record<string, Seen>;
}

/** How much a row changed since it was seen last; `null` where it wasn't. */
export interface SinceLast {
  time: string | null;
  fail: number | null;
  held: number | null;
}

const NEVER: Memory = { time: "", rows: {} };
const rowId = ({ container, key }: Counter): string => `${container} ${key}`;
const asNumber = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** What is to be remembered of rows. */
export function seenNow(rows: readonly Counter[], time: string, before: Memory = NEVER): Memory {
  const now = rows.map((row) => {
    const { since, fail } = row;
    return [rowId(row), { since, fail, held: asNumber(row.held) }] as const;
  });
  // Other containers' rows stay as they were seen.
  return { time, rows: { ...before.rows, ...Object.fromEntries(now) } };
}

/** Compares a row with what was seen of it; after a new start of the container all its refusals are new. */
export function compare(row: Counter, { time, rows }: Memory): SinceLast {
  const old = Object.hasOwn(rows, rowId(row)) ? rows[rowId(row)] : undefined;
  const held = asNumber(row.held);
  if (!old) return { time: null, fail: row.fail, held: null };
  const fail = row.fail === null ? null : row.fail - (old.since === row.since ? (old.fail ?? 0) : 0);
  return { time, fail, held: held === null || old.held === null ? null : held - old.held };
}

/** The file for one instance (XDG base directories: state). Throws USAGE where the user has no home. */
export function memoryFile(env: Readonly<Record<string, string | undefined>>, { tag }: Instance): string {
  const state = env.XDG_STATE_HOME || (env.HOME ? join(env.HOME, ".local/state") : undefined);
  if (state?.startsWith("/")) return join(state, "warren", `counters${tag ? `-${tag}` : ""}.json`);
  const fix = "set HOME, or XDG_STATE_HOME to a directory";
  throw new WarrenError("USAGE", "there is no place to keep what was seen last", fix);
}

/** Reads the file; nothing was seen yet where there is none or its text is not ours. Throws REFUSED for a link or another's file. */
export async function recall(path: string): Promise<Memory> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile() || stat.uid !== process.getuid?.()) throw foreign(path);
    return isMemory(JSON.parse(await file.readFile("utf8")));
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP") throw foreign(path);
    if (code === "ENOENT" || error instanceof SyntaxError) return NEVER;
    throw new WarrenError("REFUSED", `${path} can't be read: ${code}`, "look at its owner and mode");
  } finally {
    await file?.close();
  }
}

/** Replaces the file in one step, for nobody but its owner; a link in its place is replaced, never followed. */
export async function remember(path: string, memory: Memory): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  await rm(fresh, { force: true });
  const file = await open(
    fresh,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.writeFile(JSON.stringify(memory));
  } finally {
    await file.close();
  }
  await rename(fresh, path);
}

const foreign = (path: string): WarrenError =>
  new WarrenError("REFUSED", `${path} is not a file of yours`, "remove it");

function isMemory(value: unknown): Memory {
  const { time, rows } = (value ?? {}) as Partial<Memory>;
  return typeof time === "string" && typeof rows === "object" && rows !== null ? { time, rows } : NEVER;
}
