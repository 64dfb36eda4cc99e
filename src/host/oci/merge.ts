import {
  chmodSync,
  closeSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  type Stats,
} from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { printable } from "../../spec/name.ts";
import { breather } from "../object/index.ts";
import { openInRoot } from "../syscall/index.ts";
import { copyAttributes } from "./attributes.ts";

const O_PATH = 0o10000000;
/** OCI image-spec 1.1, "layer.md": a file of this name hides what is below, one that begins so hides its name. */
const OPAQUE = ".wh..wh..opq";
const HIDES = ".wh.";
/** The marks of union file systems of old, which mean nothing here. */
const META = ".wh..wh.";
/** Milliseconds the kernel's clock for files may be behind. */
const COARSE = 20;

export interface Applying {
  /** When the layer's unpacking began: directories that are younger were made on the way and are not the layer's own. */
  began: number;
  /** An empty directory on the same file system, for what is replaced. */
  away: string;
  signal: AbortSignal;
}

/**
 * Lays the unpacked `layer` over `tree` by moving its entries; the layer's directory is left in ruins. Names that the
 * layer hides go away, what has become of another kind is replaced, directories in both are joined (image-spec,
 * "layer.md"). Only real directories are walked, and nobody else may change them meanwhile. Throws HOSTILE, CANCELLED.
 */
export async function applyLayer(layer: string, tree: string, o: Applying): Promise<void> {
  const breathe = breather("putting the layers together", o.signal);
  let gone = 0;
  // A rename takes a tree of any depth away at once; its files go with the directory.
  const remove = (path: Buffer): void => {
    if (look(path)) renameSync(path, `${o.away}/${gone++}`);
  };
  const own = (stat: Stats): boolean => stat.mtimeMs < o.began - COARSE;

  /** Takes marks out of a directory that hides nothing, because nothing was there. */
  const strip = async (directory: Buffer): Promise<void> => {
    for (const name of namesIn(directory)) {
      await breathe();
      const path = join(directory, name);
      if (isMark(name)) remove(path);
      else if (look(path)?.isDirectory()) await strip(path);
    }
  };

  const visit = async (from: Buffer, to: Buffer): Promise<void> => {
    const names = namesIn(from);
    if (names.some((name) => name.equals(Buffer.from(OPAQUE))))
      for (const name of namesIn(to)) remove(join(to, name));
    for (const name of names.filter(isMark)) {
      const hidden = name.subarray(HIDES.length);
      if (!name.toString("latin1").startsWith(META) && !isDots(hidden)) remove(join(to, hidden));
    }
    for (const name of names) {
      if (isMark(name)) continue;
      await breathe();
      const [source, target] = [join(from, name), join(to, name)];
      const [fresh, old] = [look(source)!, look(target)];
      if (fresh.isDirectory() && old?.isDirectory()) {
        await visit(source, target);
        if (own(fresh)) copyAttributes(source, fresh, target);
        continue;
      }
      // The layer has something below a link of an earlier one and says nothing of a directory in its place.
      const led = fresh.isDirectory() && !own(fresh) && old?.isSymbolicLink() ? behind(tree, target) : null;
      if (led) {
        await visit(source, led);
        continue;
      }
      if (old) remove(target);
      renameSync(source, target);
      if (fresh.isDirectory()) await strip(target);
    }
  };

  try {
    const [from, to] = [Buffer.from(layer), Buffer.from(tree)];
    const top = look(from)!;
    await visit(from, to);
    if (own(top)) copyAttributes(from, top, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENAMETOOLONG") throw error;
    throw new WarrenError(
      "HOSTILE",
      "the image has directories nested deeper than a path can name",
      "do not use it",
    );
  }
}

const SLASH = Buffer.from("/");
const join = (a: Buffer, b: Buffer): Buffer => Buffer.concat([a, SLASH, b]);
const isMark = (name: Buffer): boolean => name.toString("latin1", 0, HIDES.length) === HIDES;
const isDots = (name: Buffer): boolean => ["", ".", ".."].includes(name.toString("latin1"));
const namesIn = (path: Buffer): Buffer[] => readdirSync(path, { encoding: "buffer" }) as Buffer[];
const look = (path: Buffer): Stats | undefined => lstatSync(path, { throwIfNoEntry: false });

/** The directory of the tree that a link in it leads to, as the guest follows it; `null` when to none. */
function behind(tree: string, link: Buffer): Buffer | null {
  const top = openSync(tree, O_PATH | constants.O_DIRECTORY);
  try {
    const path = `.${link.toString("utf8").slice(tree.length)}`;
    const fd = openInRoot(top, path, O_PATH | constants.O_DIRECTORY);
    try {
      return readlinkSync(`/proc/self/fd/${fd}`, { encoding: "buffer" }) as Buffer;
    } finally {
      closeSync(fd);
    }
  } catch {
    return null;
  } finally {
    closeSync(top);
  }
}

/** A further name of a file that an earlier layer has. */
export interface Link {
  name: string;
  target: string;
}

/** Makes the links that a layer has to files of earlier ones, in their order. Throws HOSTILE when there is no such file. */
export function linkAcross(tree: string, links: readonly Link[]): void {
  const top = openSync(tree, O_PATH | constants.O_DIRECTORY);
  try {
    for (const { name, target } of links) {
      const done = inParent(top, target, (from) =>
        inParent(top, name, (to) => {
          if (!lstatSync(from).isFile() || lstatSync(to, { throwIfNoEntry: false })) return false;
          linkSync(from, to);
          return true;
        }),
      );
      if (!done)
        throw new WarrenError(
          "HOSTILE",
          `the image has a hard link to a file that is not in it: ${printable(name)}`,
          "do not use it; nothing was written outside",
        );
    }
  } finally {
    closeSync(top);
  }
}

/** Does `work` with a path whose directory is open and in the tree, so that only its last name is looked up. */
function inParent(top: number, path: string, work: (path: string) => boolean): boolean {
  const at = path.replace(/\/+$/, "").lastIndexOf("/");
  const name = path.slice(at + 1);
  if (name === "" || name === "." || name === "..") return false;
  try {
    const parent = openInRoot(top, at < 0 ? "." : path.slice(0, at), O_PATH | constants.O_DIRECTORY);
    try {
      return work(`/proc/self/fd/${parent}/${name}`);
    } finally {
      closeSync(parent);
    }
  } catch (error) {
    if (error instanceof WarrenError || (error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Directories that a container's start needs; images of one program often lack them. */
export function completeTree(tree: string): void {
  for (const name of ["dev", "proc", "sys", "etc"]) {
    const path = `${tree}/${name}`;
    if (lstatSync(path, { throwIfNoEntry: false })) continue;
    mkdirSync(path);
    chmodSync(path, 0o755);
  }
}
