import type { Context } from "./context.ts";
import { emptyTrash, intoTrash } from "./trash.ts";

/** Takes a snapshot away, record first: files without a record are rubbish that the daemon's next start knows. */
export function dropSnapshot(c: Context, id: string): void {
  // Where its files are is found by its record.
  const at = c.paths.snapshot(id);
  c.store.snapshots.delete(id);
  dropFiles(c, id, at);
}

/** Takes the files of a snapshot away that has no record (any more). */
export function dropFiles(c: Context, id: string, at: string): void {
  intoTrash(c, at, id);
  c.lowers.remove(id);
  void emptyTrash(c, id);
}
