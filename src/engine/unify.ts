import { existsSync, lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { ListedFile } from "../host/image/index.ts";
import { breather, keyOf, type Objects, type StoredObject } from "../host/object/index.ts";
import { setTimes, type Times } from "../host/syscall/times.ts";
import type { Attribute } from "../host/syscall/xattr.ts";
import { mayShare } from "../plan/share.ts";

/** Makes the files of a fresh tree objects, in the two steps between which it is written to disk. */
export interface Unifier {
  /** Hears of every file of the tree. */
  file(file: ListedFile): void;
  /** Files that equal objects take these' inodes: what was just written of them need not reach the disk. */
  join(): Promise<void>;
  /** The rest become objects; the tree must be synced. */
  contribute(): Promise<void>;
  /**
   * Gives an equal tree that is there already this one's files for those of its own that are no objects: they may be
   * damaged, or of the days before there were objects. Nothing when there is no such tree.
   */
  mend(tree: string): Promise<void>;
}

interface Pending {
  path: Buffer;
  key: string;
}

/** After so many files it is told whether most of a tree is new. */
const SAMPLE = 200;

/** Whether an object still looks as its name says; one that a fault changed is not given to further trees. */
const alike = (a: StoredObject["stat"], b: StoredObject["stat"]): boolean =>
  a.size === b.size && a.mtimeNs === b.mtimeNs && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;

/**
 * Unifies one tree that nobody else has in hands. Equal files of the tree become different objects, doubles of each
 * other: a guest's tar or rsync would take them for one file with two names. Killed at any point, it leaves a whole
 * tree and whole objects. `onMostlyNew` is called once, early, when little of the tree is there already.
 */
export function unifier(
  objects: Objects,
  signal?: AbortSignal,
  onMostlyNew: () => void = () => undefined,
): Unifier {
  const breathe = breather("unifying the image's files", signal);
  const waiting: Pending[] = [];
  const files: Pick<ListedFile, "path" | "name">[] = [];
  const fresh: { path: Buffer; key: string; twin: number }[] = [];
  const nextTwin = new Map<string, number>();
  /** Inodes of the tree that have other names already. */
  const taken = new Set<number>();
  const times = new Map<string, Times>();

  /** Joins the first object that fits, or notes under which number the file will become one. */
  const settle = (path: Buffer, key: string): void => {
    const stat = lstatSync(path, { bigint: true });
    for (let twin = nextTwin.get(key) ?? 0; ; twin++) {
      nextTwin.set(key, twin + 1);
      const found = objects.find(key, twin);
      if (!found) return void fresh.push({ path, key, twin });
      if (taken.has(Number(found.stat.ino)) || !alike(found.stat, stat)) continue;
      keepTimes(path);
      if (objects.link(found, path)) return;
    }
  };
  /** The tree's directories look as if nothing had been done in them. */
  const keepTimes = (path: Buffer): void => {
    const directory = dirname(path.toString("latin1"));
    if (times.has(directory)) return;
    const { atimeNs, mtimeNs } = lstatSync(Buffer.from(directory, "latin1"), { bigint: true });
    times.set(directory, { atimeNs, mtimeNs });
  };
  const restoreTimes = (): void => {
    for (const [directory, then] of times) setTimes(Buffer.from(directory, "latin1"), then);
    times.clear();
  };

  let strange = 0;
  const note = (path: Buffer, content: string, attributes: readonly Attribute[]): void => {
    const key = keyOf(content, lstatSync(path, { bigint: true }), attributes);
    waiting.push({ path, key });
    if (waiting.length > SAMPLE) return;
    if (!objects.find(key, 0)) strange++;
    if (waiting.length === SAMPLE && strange > SAMPLE / 2) onMostlyNew();
  };

  return {
    file({ path, name, stat, content, attributes }) {
      if (stat.nlink > 1) taken.add(stat.ino);
      const { size, blocks, nlink: links } = stat;
      if (mayShare({ path: name.toString("latin1", 2), size, blocks, links }))
        note(path, content, attributes);
      files.push({ path, name });
    },
    async join() {
      for (const { path, key } of waiting.splice(0)) {
        await breathe();
        settle(path, key);
      }
      restoreTimes();
    },
    async contribute() {
      // It grows meanwhile when a file has to look for another place.
      for (const next of fresh) {
        await breathe();
        // Taken meanwhile: another image that is being made has the same file.
        if (!objects.add(next.key, next.twin, next.path)) settleAgain(next);
      }
      restoreTimes();
    },
    async mend(tree) {
      if (!existsSync(tree)) return;
      const pairs = files.map(({ path, name }) => ({
        path,
        at: Buffer.concat([Buffer.from(tree), name.subarray(1)]),
      }));
      const held = new Set(pairs.map(({ at }) => lstatSync(at, { throwIfNoEntry: false })?.ino));
      for (const { path, at } of pairs) {
        await breathe();
        const old = lstatSync(at, { throwIfNoEntry: false });
        if (old?.nlink !== 1 || held.has(lstatSync(path).ino)) continue;
        keepTimes(at);
        objects.link({ path }, at);
      }
      restoreTimes();
    },
  };

  function settleAgain({ path, key, twin }: { path: Buffer; key: string; twin: number }): void {
    nextTwin.set(key, twin);
    settle(path, key);
  }
}
