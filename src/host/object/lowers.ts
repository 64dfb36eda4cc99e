import {
  chmodSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
} from "node:fs";
import { xattrReader } from "../syscall/xattr.ts";
import { copyFileTo } from "./content.ts";
import { noteReader, setOpaque } from "./layers.ts";
import { walk } from "./walk.ts";

/**
 * Private lower layers: what a container, or a snapshot of one, has changed since its image and shares with others. They lie beside
 * the objects and not with the container's own files, because names of one file can't be in two subvolumes (btrfs) nor
 * beside a project's quota (xfs, ext4).
 */
export interface Lowers {
  /** The layer of a container as overlay takes it: one path, or none. */
  of(id: string): string[];
  path(id: string): string;
  /** Makes the directories above `file` in a layer, like those of the tree `like`. */
  makeParents(id: string, file: string, like: string): void;
  /** Gives `to` the same layer as `from`; nothing when that has none. */
  copy(from: string, to: string, breathe: () => Promise<void> | undefined): Promise<void>;
  /** Takes a layer away: out of sight at once, into the trash. */
  remove(id: string): void;
  ids(): string[];
}

export function openLowers(images: string, trash: string): Lowers {
  const top = `${images}/lowers`;
  const path = (id: string): string => `${top}/${id}`;
  const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
  const has = (id: string): boolean => existsSync(path(id));

  const notes = noteReader();
  const makeDirectory = (at: string, like: string): void => {
    if (existsSync(bytes(at))) return;
    const { mode, uid, gid } = lstatSync(bytes(like));
    mkdirSync(bytes(at), { mode: 0o700 });
    lchownSync(bytes(at), uid, gid);
    chmodSync(bytes(at), mode & 0o7777);
    // What hides the image's directory from the guest must go on doing so from below.
    if (notes(bytes(like)).opaque) setOpaque(bytes(at));
  };

  const makeParents: Lowers["makeParents"] = (id, file, like) => {
    mkdirSync(top, { recursive: true, mode: 0o700 });
    makeDirectory(path(id), like);
    for (let end = file.indexOf("/"); end !== -1; end = file.indexOf("/", end + 1)) {
      const directory = file.slice(0, end);
      makeDirectory(`${path(id)}/${directory}`, `${like}/${directory}`);
    }
  };

  return {
    of: (id) => (has(id) ? [path(id)] : []),
    path,
    makeParents,
    async copy(from, to, breathe) {
      if (!has(from)) return;
      const attributes = xattrReader();
      // Whole or not there: it is made beside and moved to its place.
      const fresh = `${images}/tmp/${Bun.randomUUIDv7()}`;
      makeDirectory(fresh, path(from));
      const visit = async (entry: { path: string; at: Buffer }): Promise<void> => {
        const target = bytes(`${fresh}/${entry.path}`);
        try {
          linkSync(entry.at, target);
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "EMLINK") throw error;
          const stat = lstatSync(entry.at, { bigint: true });
          await copyFileTo({ path: entry.at, stat, attributes: attributes(entry.at) }, target);
        }
      };
      const enter = (entry: { path: string }): boolean => {
        makeDirectory(`${fresh}/${entry.path}`, `${path(from)}/${entry.path}`);
        return true;
      };
      await walk(path(from), { enter, visit }, breathe);
      renameSync(fresh, path(to));
    },
    remove(id) {
      if (!has(id)) return;
      mkdirSync(trash, { recursive: true, mode: 0o700 });
      renameSync(path(id), `${trash}/${id}.lower`);
    },
    ids: () => (existsSync(top) ? readdirSync(top).filter((name) => !name.includes(".")) : []),
  };
}
