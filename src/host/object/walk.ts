import { type BigIntStats, closeSync, constants, lstatSync, openSync, readdirSync } from "node:fs";

/** An entry of a tree. */
export interface Entry {
  /** From the tree's top, each byte of it a character (latin1), for names are bytes. */
  path: string;
  /** Where it can be opened, as long as it is being visited. */
  at: Buffer;
  stat: BigIntStats;
}

export interface Visitor {
  /** Whether to go into a directory; into all unless told. */
  enter?(directory: Entry): boolean;
  /** Everything that is no directory. */
  visit?(entry: Entry): void | Promise<void>;
}

/** Directories nested deeper than this are not looked at: each costs a descriptor. */
const DEEPEST = 100;
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * Goes through a tree by descriptors: a guest that moves its directories about meanwhile, and puts links in their
 * place, leads it nowhere. Names in the order of their bytes. `breathe` is called at each entry.
 */
export async function walk(
  root: string,
  visitor: Visitor,
  breathe: () => Promise<void> | undefined,
): Promise<void> {
  const below = async (fd: number, path: string, depth: number): Promise<void> => {
    const names = readdirSync(`/proc/self/fd/${fd}`, { encoding: "buffer" }) as Buffer[];
    for (const name of names.sort(Buffer.compare)) {
      const pause = breathe();
      if (pause) await pause;
      const at = Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
      const stat = lstatSync(at, { bigint: true, throwIfNoEntry: false });
      if (!stat) continue;
      const entry = { path: `${path}${name.toString("latin1")}`, at, stat };
      if (!stat.isDirectory()) {
        const work = visitor.visit?.(entry);
        if (work) await work;
      } else if (depth < DEEPEST && visitor.enter?.(entry) !== false)
        await within(at, (inner) => below(inner, `${entry.path}/`, depth + 1));
    }
  };
  await within(Buffer.from(root), (fd) => below(fd, "", 0));
}

/** Does `work` with a directory open; nothing when it is gone or is none any more. */
async function within(at: Buffer, work: (fd: number) => Promise<void>): Promise<void> {
  let fd: number;
  try {
    fd = openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(code)) return;
    throw error;
  }
  try {
    await work(fd);
  } finally {
    closeSync(fd);
  }
}
