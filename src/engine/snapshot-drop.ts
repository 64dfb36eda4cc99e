import type { Context } from "./context.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Takes a snapshot away, record first: files without a record are rubbish that the daemon's next start knows. */
export function dropSnapshot(c: Context, id: string): void {
  c.store.snapshots.delete(id);
  dropFiles(c, id);
}

/** Takes the files of a snapshot away that has no record (any more). */
export function dropFiles(c: Context, id: string): void {
  intoTrash(c, c.paths.snapshot(id), id);
  c.lowers.remove(id);
  void emptyTrash(c, id);
}
