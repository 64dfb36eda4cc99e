import { mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { run } from "../exec/index.ts";
import { unmount } from "../syscall/index.ts";
import { mountsBelow } from "./text.ts";

/** A directory where an image is made; gone after `leave`. */
export interface Place {
  path: string;
  /**
   * Puts the directory `tree`, which is in this place, on the shelf in one step, so that it is there whole or not at all; false when the same one
   * is there already. To be durable it must have been synced before.
   */
  publish(tree: string, hex: string): boolean;
  leave(): Promise<void>;
}

/** The directory that holds the images: `<64 hex>/rootfs` and `tmp/`. */
export interface Shelf {
  /** Where the tree of an image is. */
  rootfs(hex: string): string;
  open(): Place;
  /** Where broken downloads wait to be gone on with. */
  downloads: string;
  /** Takes an image away: out of sight at once, then its files. */
  remove(hex: string): Promise<void>;
  /** The hex digits of all that are there. */
  list(): string[];
  /** Removes what an earlier daemon left unfinished, and its mounts. */
  clean(): Promise<void>;
}

const HEX = /^[0-9a-f]{64}$/;

export function shelf(state: string): Shelf {
  const top = `${state}/images`;
  const unfinished = `${top}/tmp`;
  // Not for others' eyes: in here, files with the setuid bit belong to the host's real root.
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const fresh = (): string => `${unfinished}/${Bun.randomUUIDv7()}`;
  return {
    rootfs: (hex) => `${top}/${hex}/rootfs`,
    downloads: `${top}/downloads`,
    open() {
      const path = fresh();
      mkdirSync(path, { mode: 0o700 });
      return {
        path,
        publish: (tree, hex) => publish(tree, `${path}/ready`, `${top}/${hex}`),
        leave: () => erase(path),
      };
    },
    async remove(hex) {
      const away = fresh();
      try {
        renameSync(`${top}/${hex}`, away);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
        throw error;
      }
      await erase(away);
    },
    list: () => readdirSync(top).filter((name) => HEX.test(name)),
    async clean() {
      for (const at of mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), unfinished)) unmount(at);
      for (const name of readdirSync(unfinished)) await erase(`${unfinished}/${name}`);
    },
  };
}

function publish(tree: string, ready: string, to: string): boolean {
  mkdirSync(ready, { mode: 0o700 });
  renameSync(tree, `${ready}/rootfs`);
  try {
    renameSync(ready, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    return false;
  }
}

/** rm(1), because it walks by descriptor: trees from archives may be deeper than a path may be long. */
async function erase(path: string): Promise<void> {
  await run(["rm", "-rf", "--one-file-system", "--", path], { timeout: 600_000 });
}
