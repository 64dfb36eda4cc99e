import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Context } from "./context.ts";

/** Pauses between attempts to delete a tree, in ms. */
const PAUSES = [50, 200, 800, 3200];

/** What somebody causes who is in the tree as well: another deleting it, or a program of a killed daemon still writing. */
const MEANWHILE = new Set(["ENOTEMPTY", "EEXIST", "EBUSY", "ENOENT", "ENOTDIR"]);

/** Moves a tree out of sight, under a name of its own in the trash; nothing when it is not there. */
export function intoTrash(c: Context, path: string, as: string): void {
  if (!existsSync(path)) return;
  // Each pool has its own, for nothing is renamed from one file system to another.
  const trash = `${c.paths.holding(path)}/trash`;
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  renameSync(path, `${trash}/${as}`);
}

/** Deletes one tree of the trash of all pools, or all that an earlier daemon left there. The trash itself stays: others put things in. */
export async function emptyTrash(c: Context, uuid = ""): Promise<void> {
  const names = (trash: string): string[] => {
    if (uuid === "") return existsSync(trash) ? readdirSync(trash) : [];
    return [uuid, `${uuid}.lower`].filter((name) => existsSync(`${trash}/${name}`));
  };
  let layers = false;
  for (const { path } of c.pools.places()) {
    const trash = `${path}/trash`;
    for (const name of names(trash)) {
      layers ||= name.endsWith(".lower");
      await destroy(`${trash}/${name}`).catch((error) => {
        c.log("warn", "the trash could not be emptied; it is tried again at the next start", {
          path: `${trash}/${name}`,
          error: String(error),
        });
      });
    }
  }
  // Objects that only the layer linked to are free now.
  if (layers) c.garbage.soon();
}

async function destroy(path: string): Promise<void> {
  for (const pause of PAUSES) {
    try {
      return await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (!MEANWHILE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    await Bun.sleep(pause);
  }
  await rm(path, { recursive: true, force: true });
}
