import {
  type BigIntStats,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { dirname } from "node:path";

/** A file that is kept once. The number of trees that hold it is the number of its names less this one. */
export interface StoredObject {
  key: string;
  /** Equal files of one tree must not be one inode there: 0 is the first of them, 1 its double and so on. */
  twin: number;
  path: string;
  stat: BigIntStats;
}

export interface Objects {
  /** The object of that key and number; `null` when there is none. */
  find(key: string, twin: number): StoredObject | null;
  /**
   * Puts an object at `target`, in the place of what is there, in one step. False when the file system gives it no further name
   * (ext4 ends at 65 000) or it was removed meanwhile.
   */
  link(object: { path: string | Buffer }, target: Buffer): boolean;
  /** Gives a file, which must be synced and never be written again, its name as an object; false when that is taken. */
  add(key: string, twin: number, file: Buffer): boolean;
  /** Every object, in slices by the beginning of its key. */
  slices(): Generator<StoredObject[]>;
  /** Takes an object's name away; trees keep the file. */
  drop(object: StoredObject): void;
}

const NAME = /^([0-9a-f]{64})(?:\.(\d+))?$/;
const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/**
 * The objects below the directory of the images: `objects/<2 hex>/<64 hex>[.N]`. No count is kept anywhere: an inode's
 * number of names is always right, whenever the daemon was killed.
 */
export function openObjects(images: string): Objects {
  const top = `${images}/objects`;
  mkdirSync(top, { recursive: true, mode: 0o700 });
  const pathOf = (key: string, twin: number): string =>
    `${top}/${key.slice(0, 2)}/${key}${twin === 0 ? "" : `.${twin}`}`;

  return {
    find(key, twin) {
      const path = pathOf(key, twin);
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      return stat?.isFile() ? { key, twin, path, stat } : null;
    },
    link({ path }, target) {
      // What a crash leaves of it is in the directory that is emptied at the daemon's start.
      const fresh = `${images}/tmp/${Bun.randomUUIDv7()}`;
      try {
        linkSync(path, fresh);
      } catch (error) {
        if (codeOf(error) === "EMLINK" || codeOf(error) === "ENOENT") return false;
        throw error;
      }
      try {
        renameSync(fresh, target);
      } catch (error) {
        unlinkSync(fresh);
        throw error;
      }
      return true;
    },
    add(key, twin, file) {
      const path = pathOf(key, twin);
      for (;;)
        try {
          linkSync(file, path);
          return true;
        } catch (error) {
          if (codeOf(error) === "EEXIST") return false;
          if (codeOf(error) !== "ENOENT") throw error;
          mkdirSync(dirname(path), { mode: 0o700 });
        }
    },
    *slices() {
      for (const first of readdirSync(top).sort()) {
        const found: StoredObject[] = [];
        for (const name of readdirSync(`${top}/${first}`).sort()) {
          const [, key = "", twin = "0"] = NAME.exec(name) ?? [];
          const path = `${top}/${first}/${name}`;
          const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
          if (key && stat?.isFile()) found.push({ key, twin: Number(twin), path, stat });
        }
        yield found;
      }
    },
    drop: ({ path }) => unlinkSync(path),
  };
}
