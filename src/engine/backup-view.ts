import { lstatSync } from "node:fs";
import { type Listing, listTree } from "../host/backup/index.ts";
import { cloneFiles } from "../host/clone/index.ts";
import { breather, copyFileTo, noteReader, setOpaque, visible } from "../host/object/index.ts";
import { setTimes } from "../host/syscall/times.ts";
import { xattrReader } from "../host/syscall/xattr.ts";
import type { ContainerRecord } from "../spec/container.ts";
import type { SnapshotRecord } from "../spec/snapshot.ts";
import type { Context } from "./context.ts";
import { dropSnapshot } from "./snapshot-drop.ts";
import { newSnapshot, takeFiles } from "./snapshot-make.ts";

/** All that a container had above its image at one moment, in one tree which nobody writes to. */
export interface View {
  upper: string;
  /** Takes away what was made for it. */
  drop(): void;
}

/** What a container has now; one that runs is halted for the moment of copying. */
export async function viewNow(c: Context, r: ContainerRecord, signal?: AbortSignal): Promise<View> {
  return temporary(c, r, async (id) => {
    await takeFiles(c, r, id, signal);
    await flatten(c, id, signal);
  });
}

/** What a snapshot keeps. */
export async function viewOf(
  c: Context,
  r: ContainerRecord,
  s: SnapshotRecord,
  signal?: AbortSignal,
): Promise<View> {
  const from = c.paths.snapshot(s.id);
  if (c.lowers.of(s.id).length === 0) return { upper: `${from}/upper`, drop: () => undefined };
  return temporary(c, r, async (id) => {
    const at = c.paths.snapshot(id);
    await cloneFiles(from, at, () => c.quotas.makeTree(at, 0), signal);
    await c.lowers.copy(s.id, id, breather("the export", signal));
    await flatten(c, id, signal);
  });
}

/** A tree that goes with the daemon: its record is that of a snapshot which never gets complete. */
async function temporary(c: Context, r: ContainerRecord, fill: (id: string) => Promise<void>): Promise<View> {
  const made = newSnapshot(r, "");
  const { id } = made;
  c.store.snapshots.insert(id, made);
  const drop = (): void => {
    if (c.store.snapshots.get(id)) dropSnapshot(c, id);
  };
  try {
    await fill(id);
  } catch (error) {
    drop();
    throw error;
  }
  return { upper: `${c.paths.snapshot(id)}/upper`, drop };
}

/** Copies what a snapshot has in its layer of links to where it shows, and lets the layer go. */
export async function flatten(c: Context, id: string, signal?: AbortSignal): Promise<void> {
  const [lower] = c.lowers.of(id);
  if (lower === undefined) return;
  const breathe = breather("copying shared files", signal);
  const upper = `${c.paths.snapshot(id)}/upper`;
  const attributesOf = xattrReader();
  const bytes = (path: string): Buffer => Buffer.from(path, "latin1");
  const { files, directories } = await visible(upper, lower, breathe);
  for (const [from, to] of files) {
    const pause = breathe();
    if (pause) await pause;
    const [source, target] = [bytes(`${lower}/${from}`), `${upper}/${to}`];
    const parent = bytes(target.slice(0, target.lastIndexOf("/")));
    const before = lstatSync(parent, { bigint: true });
    const stat = lstatSync(source, { bigint: true });
    await copyFileTo({ path: source, stat, attributes: attributesOf(source) }, bytes(target));
    setTimes(parent, before);
  }
  const notes = noteReader();
  for (const [from, to] of directories)
    if (notes(bytes(`${lower}/${from}`)).opaque) setOpaque(bytes(`${upper}/${to}`));
  c.lowers.remove(id);
}

/** The listing of a view; a snapshot's digest is kept with its record. */
export async function listed(
  c: Context,
  view: View,
  s: SnapshotRecord | null,
  signal?: AbortSignal,
): Promise<Listing> {
  const listing = await listTree(view.upper, breather("reading files", signal));
  if (s && c.store.snapshots.get(s.id)?.digest === null)
    c.store.snapshots.update(s.id, (old) => ({ ...old, digest: listing.digest }));
  return listing;
}

/** Digest of what a snapshot keeps; read once. */
export async function digestOf(
  c: Context,
  r: ContainerRecord,
  s: SnapshotRecord,
  signal?: AbortSignal,
): Promise<string> {
  const known = c.store.snapshots.get(s.id)?.digest;
  if (known) return known;
  const view = await viewOf(c, r, s, signal);
  try {
    return (await listed(c, view, s, signal)).digest;
  } finally {
    view.drop();
  }
}
