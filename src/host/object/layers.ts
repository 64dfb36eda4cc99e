import { readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { type Attribute, removeAttribute, setAttribute, xattrReader } from "../syscall/xattr.ts";
import { type Entry, walk } from "./walk.ts";

const ANSWER_YES = 0x79;

/** What overlay noted at a directory of an upper layer (Documentation/filesystems/overlayfs.rst). */
export interface DirectoryNote {
  /** Nothing of the layers below shows through. */
  opaque: boolean;
  /** Which directory of the layers below shows through instead: a path from the top, or a sibling's name. */
  redirect: string | null;
}

/** Reads what overlay noted at directories. */
export function noteReader(): (directory: Buffer) => DirectoryNote {
  const attributes = xattrReader();
  return (directory) => {
    const of = (name: string) =>
      attributes(directory).find((a) => a.name === `trusted.overlay.${name}`)?.value;
    // `x` says only that there are whiteouts of another kind within.
    return { opaque: of("opaque")?.[0] === ANSWER_YES, redirect: of("redirect")?.toString("latin1") ?? null };
  };
}

/** The directory of the layers below that a directory of the upper shows, or `null`; `parent` is what its parent shows. */
export function lowerOf(path: string, note: DirectoryNote, parent: string | null): string | null {
  if (note.redirect?.startsWith("/")) return note.redirect.slice(1);
  if (note.redirect === null && note.opaque) return null;
  if (parent === null) return null;
  const name = note.redirect ?? path.slice(path.lastIndexOf("/") + 1);
  return parent === "" ? name : `${parent}/${name}`;
}

/** Overlay's word that nothing below a directory shows through. */
const OPAQUE: Attribute = { name: "trusted.overlay.opaque", value: Buffer.from("y") };
export const setOpaque = (directory: Buffer): void => setAttribute(directory, OPAQUE);
export const unsetOpaque = (directory: Buffer): void => removeAttribute(directory, OPAQUE.name);

/** What of a private lower layer shows through the upper above it: paths in the layer, and where the guest sees them. */
export interface Shown {
  files: Map<string, string>;
  /** Those that are one with a directory of the upper. */
  directories: Map<string, string>;
}

/** Looks which parts of a layer are seen. What a guest replaced, deleted or hid with a new directory is not. */
export async function visible(
  upper: string,
  lower: string,
  breathe: () => Promise<void> | undefined,
): Promise<Shown> {
  const notes = noteReader();
  /** Directories of the upper by the directory of the lower that they show. */
  const shown = new Map<string, string>([["", ""]]);
  const lowers = new Map<string, string | null>([["", ""]]);
  const upperNames = new Set<string>();
  await walk(
    upper,
    {
      enter({ path, at }) {
        upperNames.add(path);
        const below = lowerOf(path, notes(at), lowers.get(parentOf(path)) ?? null);
        lowers.set(path, below);
        if (below !== null) shown.set(below, path);
        return true;
      },
      visit: ({ path }) => void upperNames.add(path),
    },
    breathe,
  );
  const found = new Map<string, string>();
  /** Where a directory of the lower is seen, `null` for one that is hidden. */
  const places = new Map<string, string | null>([["", shown.get("") ?? null]]);
  const placeOf = (path: string): string | null => {
    const direct = shown.get(path);
    if (direct !== undefined) return direct;
    const parent = places.get(parentOf(path)) ?? null;
    const place = parent === null ? null : join(parent, nameOf(path));
    return place === null || upperNames.has(place) ? null : place;
  };
  await walk(
    lower,
    {
      enter({ path }) {
        places.set(path, placeOf(path));
        return true;
      },
      visit({ path }) {
        const parent = places.get(parentOf(path)) ?? null;
        const place = parent === null ? null : join(parent, nameOf(path));
        if (place !== null && !upperNames.has(place)) found.set(path, place);
      },
    },
    breathe,
  );
  return { files: found, directories: shown };
}

/**
 * Removes from a lower layer what is not seen, and directories that are empty then; one that keeps the image's from showing
 * stays.
 */
export async function prune(
  lower: string,
  keep: Shown,
  breathe: () => Promise<void> | undefined,
): Promise<void> {
  const notes = noteReader();
  const gone: Entry[] = [];
  const directories: string[] = [];
  await walk(
    lower,
    {
      enter: ({ path }) => directories.push(path) > 0,
      visit: (entry) => void (keep.files.has(entry.path) || gone.push(entry)),
    },
    breathe,
  );
  for (const { path } of gone) unlinkSync(Buffer.from(`${lower}/${path}`, "latin1"));
  for (const path of directories.reverse()) {
    const at = Buffer.from(`${lower}/${path}`, "latin1");
    const isCover = keep.directories.has(path) && notes(at).opaque;
    if (!isCover && readdirSync(at).length === 0) rmdirSync(at);
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const join = (parent: string, name: string): string => (parent === "" ? name : `${parent}/${name}`);
