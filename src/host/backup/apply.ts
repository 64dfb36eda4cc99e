import { closeSync, constants } from "node:fs";
import { asWarrenError, WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";
import { inRoot } from "../guestfs/index.ts";
import { makeNode, openInRoot, removeEntry } from "../syscall/index.ts";
import { removeAttribute, setAttribute } from "../syscall/xattr.ts";
import type { OverlayNote } from "./listing.ts";

const O_PATH = 0o10000000;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
const bytes = (path: string): Buffer => Buffer.from(path, "latin1");

/** Takes what an export says is gone out of a tree. Paths are the export's: they lead nowhere else. */
export async function applyChanges(top: string, removed: readonly string[]): Promise<void> {
  for (const path of removed) {
    const cut = path.lastIndexOf("/");
    const [above, name] = [path.slice(0, Math.max(0, cut)), path.slice(cut + 1)];
    if (cut < 0 || name === "" || name === "." || name === "..") throw hostile(path);
    const parent = inRoot(top, (dir) => opened(dir, above, O_PATH | O_DIRECTORY));
    try {
      removeEntry(parent, bytes(name), false);
    } catch (error) {
      const errno = asWarrenError(error).details?.errno;
      if (errno !== "EISDIR") throw hostile(path);
      // rm(1) walks by descriptor and follows nothing.
      const at = Buffer.concat([Buffer.from(`/proc/${process.pid}/fd/${parent}/`), bytes(name)]);
      await run(["xargs", "-0", "rm", "-rf", "--one-file-system", "--"], { input: at, timeout: 3_600_000 });
    } finally {
      closeSync(parent);
    }
  }
}

/** Makes overlay's marks for what was deleted below. */
export function makeWhiteouts(top: string, paths: readonly string[]): void {
  const S_IFCHR = 0o020000;
  for (const path of paths) {
    const cut = path.lastIndexOf("/");
    const parent = inRoot(top, (dir) => opened(dir, path.slice(0, cut), O_PATH | O_DIRECTORY));
    try {
      const at = Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), bytes(path.slice(cut + 1))]);
      makeNode(at, S_IFCHR, 0, 0);
    } catch (error) {
      throw asWarrenError(error).details?.errno === "EEXIST" ? hostile(path) : error;
    } finally {
      closeSync(parent);
    }
  }
}

/** Gives directories of a tree what overlay had noted at them; `stale` is what they may carry from before. */
export function noteOverlay(top: string, notes: readonly OverlayNote[], stale: readonly OverlayNote[]): void {
  const wanted = new Set(notes.map(({ path, name }) => `${name} ${path}`));
  inRoot(top, (dir) => {
    for (const { path, name } of stale)
      if (!wanted.has(`${name} ${path}`))
        ifThere(() => within(dir, path, (self) => removeAttribute(self, key(name))));
    for (const { path, name, value } of notes)
      within(dir, path, (self) => setAttribute(self, { name: key(name), value: bytes(value) }));
  });
}

const key = (name: OverlayNote["name"]): string => `trusted.overlay.${name}`;

function within(dir: number, path: string, work: (self: Buffer) => void): void {
  const fd = opened(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    // The dot makes it the directory itself and not the link to it.
    work(Buffer.from(`/proc/self/fd/${fd}/.`));
  } finally {
    closeSync(fd);
  }
}

/** A directory that had a note before may be gone or be something else now. */
function ifThere(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (asWarrenError(error).code !== "HOSTILE") throw error;
  }
}

function opened(dir: number, path: string, flags: number): number {
  try {
    return openInRoot(dir, bytes(path), flags);
  } catch {
    throw hostile(path);
  }
}

const hostile = (path: string): WarrenError =>
  new WarrenError(
    "HOSTILE",
    `the export speaks of ${JSON.stringify(path)}, which is not in it`,
    "do not use it",
  );
