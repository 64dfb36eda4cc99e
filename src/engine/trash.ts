import { existsSync, mkdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Context } from "./context.ts";

/** Moves a tree out of sight, under a name of its own in the trash; nothing when it is not there. */
export function intoTrash(c: Context, path: string, as: string): void {
  if (!existsSync(path)) return;
  // Each pool has its own, for nothing is renamed from one file system to another.
  const trash = `${c.paths.holding(path)}/trash`;
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  renameSync(path, `${trash}/${as}`);
}

/** Deletes one tree of the trash of all pools, or all that an earlier daemon left there. */
export async function emptyTrash(c: Context, uuid = ""): Promise<void> {
  try {
    for (const { path } of c.pools.places())
      await rm(`${path}/trash/${uuid}`, { recursive: true, force: true });
    if (uuid === "" || !existsSync(`${c.paths.trash}/${uuid}.lower`)) return;
    await rm(`${c.paths.trash}/${uuid}.lower`, { recursive: true, force: true });
    c.garbage.soon();
  } catch (error) {
    c.log("warn", "the trash could not be emptied; it is tried again at the next start", {
      error: String(error),
    });
  }
}
