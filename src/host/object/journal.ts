import { closeSync, fsyncSync, lstatSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { setTimes, type Times } from "../syscall/times.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Times of the directories of a tree in which files come and go, so that a guest sees no difference afterwards. */
export interface Journal {
  /** The directories' times as they are now, on disk before this returns. */
  begin(directories: Iterable<string>): void;
  /** Gives them back and forgets them; no error when there is nothing to give back. */
  end(): void;
}

/** A journal in a file: what a crash interrupts is made good by `end` at the daemon's next start. */
export function openJournal(file: string, tree: string): Journal {
  return {
    begin(directories) {
      const notes = [...directories].map((path) => {
        const { atimeNs, mtimeNs } = lstatSync(bytes(`${tree}/${path}`), { bigint: true });
        return [path, String(atimeNs), String(mtimeNs)];
      });
      const fd = openSync(file, "w", 0o600);
      try {
        writeSync(fd, JSON.stringify(notes));
        // With it everything is on disk that was done to this file system before.
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    },
    end() {
      for (const [path, times] of readNotes(file)) {
        const at = bytes(`${tree}/${path}`);
        if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) setTimes(at, times);
      }
      try {
        unlinkSync(file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    },
  };
}

/** What a file says; nothing when it is not there or was not written to its end: nothing had been touched then. */
function readNotes(file: string): [string, Times][] {
  try {
    const notes = JSON.parse(readFileSync(file, "utf8")) as [string, string, string][];
    return notes.map(([path, atime, mtime]) => [path, { atimeNs: BigInt(atime), mtimeNs: BigInt(mtime) }]);
  } catch {
    return [];
  }
}
