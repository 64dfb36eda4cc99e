/**
 * The file operations both dialects are made of.
 *
 * Paths are kept as latin1, one character a byte: a guest may name its own groups with bytes that are no UTF-8, and
 * such a group must still be found and removed.
 */
import { constants, readdirSync, readFileSync, rmdirSync, statfsSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { WarrenError } from "../../spec/errors.ts";

/** File system magics (statfs(2)). */
const CGROUP_MAGIC = 0x27e0eb;
const CGROUP2_MAGIC = 0x63677270;

const pathOf = (path: string): Buffer => Buffer.from(path, "latin1");
const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "EIO";
/** A group that is not, or is just going away. */
const GONE = new Set(["ENOENT", "ENODEV", "ENOTDIR"]);

/** The error of a file operation: what was done, where, with which value, and the kernel's answer. */
function failure(op: string, path: string, errno: string, value?: string): WarrenError {
  const shown = value === undefined ? "" : ` "${value}" to`;
  return new WarrenError("FAILED", `${op}${shown} ${path}: ${errno}`, "see the kernel's log (dmesg)", {
    op,
    path,
    errno,
    ...(value === undefined ? {} : { value }),
  });
}

/** A file's text without its last newline, `null` when it isn't there. */
export function readText(path: string): string | null {
  try {
    const text = readFileSync(pathOf(path), "latin1");
    return text.endsWith("\n") ? text.slice(0, -1) : text;
  } catch (error) {
    const errno = codeOf(error);
    if (GONE.has(errno)) return null;
    // A threaded group has no process list of its own; its members stand in the group above.
    if (errno === "EOPNOTSUPP" || errno === "ENOTSUP") return null;
    throw failure("read", path, errno);
  }
}

/** Writes one value in one write(2), never creating, and only to a control group's file system. */
export async function writeText(path: string, text: string): Promise<void> {
  let file: FileHandle | undefined;
  try {
    file = await open(pathOf(path), constants.O_WRONLY | constants.O_NOFOLLOW);
    const { type } = statfsSync(`/proc/self/fd/${file.fd}`);
    if (type !== CGROUP_MAGIC && type !== CGROUP2_MAGIC)
      throw failure("write", path, "no control group", text);
    await file.write(`${text}\n`);
  } catch (error) {
    throw error instanceof WarrenError ? error : failure("write", path, codeOf(error), text);
  } finally {
    await file?.close();
  }
}

/** Directories below `top`, parents before children, as paths from it. */
export function tree(top: string, from = ""): string[] {
  let entries: { name: string; isDirectory(): boolean }[];
  try {
    entries = readdirSync(pathOf(from === "" ? top : `${top}/${from}`), {
      withFileTypes: true,
      encoding: "latin1",
    });
  } catch (error) {
    if (GONE.has(codeOf(error))) return [];
    throw failure("list", `${top}/${from}`, codeOf(error));
  }
  return entries
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => {
      const path = from === "" ? name : `${from}/${name}`;
      return [path, ...tree(top, path)];
    });
}

/** The first directory right below `top` that is wanted, `null` when there is none. */
export function child(top: string, wanted: (path: string) => boolean): string | null {
  const entries = readdirSync(pathOf(top), { withFileTypes: true, encoding: "latin1" });
  const found = entries.find((entry) => entry.isDirectory() && wanted(`${top}/${entry.name}`));
  return found?.name ?? null;
}

/** Removes `top` and all below it; answers false while the kernel still holds one of them. */
export function removeTree(top: string): boolean {
  for (const path of [top, ...tree(top).map((each) => `${top}/${each}`)].reverse()) {
    try {
      rmdirSync(pathOf(path));
    } catch (error) {
      const errno = codeOf(error);
      if (errno === "EBUSY" || errno === "ENOTEMPTY") return false;
      if (!GONE.has(errno)) throw failure("remove", path, errno);
    }
  }
  return true;
}

/** Asks again, at first after a millisecond, then ever more slowly, until `done`; false when `ms` are over. */
export async function until(done: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  for (let waited = 0, pause = 1; ; waited += pause, pause = Math.min(pause * 2, 50)) {
    if (await done()) return true;
    if (waited >= ms) return false;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
