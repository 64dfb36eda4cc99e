import { closeSync, mkdirSync, openSync, rmdirSync, writeFileSync } from "node:fs";
import { FIRST_ID, ID_COUNT, IDS_PER_CONTAINER } from "../../spec/container.ts";
import { startHelper } from "../exec/helper.ts";
import { mountIdmapped, unmount } from "../syscall/index.ts";

/** The last whole range of Warren's ids, which no container gets: there is always a slot below it. */
const NOBODYS_RANGE = FIRST_ID + (Math.floor(ID_COUNT / IDS_PER_CONTAINER) - 1) * IDS_PER_CONTAINER;

/** A place where a process may write to one directory as if it were root, and is nobody everywhere else. */
export interface Cell {
  /** The directory, seen through the id shift; the process starts in it. */
  cwd: string;
  /** What to put in front of a command line to run it in the cell. */
  enter: string[];
  close(): void;
}

/**
 * Makes a cell around `directory`; `at` is where its shifted view is mounted meanwhile (made and removed here).
 *
 * In the cell, root is a host id that owns nothing; through the mount the files it makes are kept with ids from 0 on.
 * So the kernel itself refuses device nodes and any touch of a file that is not in the directory.
 */
export async function openCell(directory: string, at: string): Promise<Cell> {
  const helper = await startHelper(["unshare", "--user", "cat"]);
  let userns = -1;
  try {
    // Only this one line: with the host's root in the map, the cell's root could override the host's permissions.
    const map = `0 ${NOBODYS_RANGE} ${IDS_PER_CONTAINER}\n`;
    writeFileSync(`/proc/${helper.pid}/uid_map`, map);
    writeFileSync(`/proc/${helper.pid}/gid_map`, map);
    userns = openSync(`/proc/${helper.pid}/ns/user`, "r");
    mkdirSync(at);
    mountIdmapped(directory, at, userns);
  } catch (error) {
    if (userns >= 0) closeSync(userns);
    throw error;
  } finally {
    void helper.end();
  }
  return {
    cwd: at,
    enter: [
      "nsenter",
      `--user=/proc/${process.pid}/fd/${userns}`,
      "setpriv",
      "--pdeathsig=KILL",
      "unshare",
      "--mount",
      "--net",
      "--ipc",
      "--pid",
      "--fork",
      "--kill-child=KILL",
    ],
    close() {
      closeSync(userns);
      unmount(at);
      rmdirSync(at);
    },
  };
}
