import { lstatSync } from "node:fs";
import { applyChanges, noteOverlay, type OverlayNote } from "../host/backup/index.ts";
import { copyTree, mergeTree } from "../host/clone/index.ts";
import { breather, noteReader, walk } from "../host/object/index.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Work } from "./operation.ts";

/**
 * Makes at `root` the tree that a guest sees with `upper` above the image `base`. Not by reading it through overlay: on btrfs
 * its inode numbers are those of two subvolumes, and tools take one directory for another. Throws REFUSED.
 */
export async function layTree(upper: string, base: string, root: string, work: Work): Promise<void> {
  work.progress("copying files");
  await copyTree(base, root, work.signal);
  const { gone, notes } = await differences(upper, root, work);
  await applyChanges(
    root,
    gone.map((path) => `./${path}`),
  );
  await mergeTree(upper, root, work.signal);
  // They have done what they say, and mean nothing in an image.
  noteOverlay(root, [], notes);
}

/** What of `root` makes way for what `upper` holds, and what overlay noted there. */
async function differences(
  upper: string,
  root: string,
  work: Work,
): Promise<{ gone: string[]; notes: OverlayNote[] }> {
  const notesOf = noteReader();
  const gone: string[] = [];
  const notes: OverlayNote[] = [];
  /** Directories that are in both; below all others nothing can be in the way. */
  const both = new Set([""]);
  const there = (path: string) =>
    both.has(path.slice(0, Math.max(0, path.lastIndexOf("/"))))
      ? lstatSync(Buffer.from(`${root}/${path}`, "latin1"), { throwIfNoEntry: false })
      : undefined;
  await walk(
    upper,
    {
      enter({ path, at }) {
        const { opaque, redirect } = notesOf(at);
        if (redirect !== null)
          throw new WarrenError(
            "REFUSED",
            "the container has directories that overlay knows by another name",
            "pull its files with `warren file pull --archive` and import these as an image",
          );
        if (opaque) notes.push({ path: `./${path}`, name: "opaque", value: "y" });
        const found = there(path);
        if (found && (opaque || !found.isDirectory())) gone.push(path);
        else if (found) both.add(path);
        return true;
      },
      visit({ path, stat }) {
        const found = there(path);
        const deleted = stat.isCharacterDevice() && stat.rdev === 0n;
        if (found && (deleted || found.isDirectory())) gone.push(path);
      },
    },
    breather("copying files", work.signal),
  );
  return { gone, notes };
}
