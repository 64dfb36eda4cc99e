import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { changesBetween, type Listing, type Piece, writeArchive } from "../host/backup/index.ts";
import { pack } from "../host/tar/index.ts";
import type { ExportManifest, ExportRequest, ExportStage, StageMeta } from "../spec/backup.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { type SnapshotOf, type SnapshotRecord, snapshotPlace } from "../spec/snapshot.ts";
import { listed, type View, viewNow, viewOf } from "./backup-view.ts";
import { type Context, lockOf, record } from "./context.ts";
import { keptOf } from "./snapshot-make.ts";
import { snapshotOf, snapshotsOf } from "./snapshot-record.ts";

/** A state of the container that is exported: a snapshot, or what it is now. */
type State = { s: SnapshotRecord | null; view: () => Promise<View> };

/**
 * A container as a stream, made while it is read: what it is now or, as `NAME/SNAPSHOT`, was then; its image unless `thin`;
 * with `since` only what changed since that snapshot. Throws NO_CONTAINER, NO_SNAPSHOT, USAGE.
 */
export async function exportContainer(
  c: Context,
  from: string,
  o: ExportRequest,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const { name, snapshot } = snapshotPlace(from);
  const r = record(c.store, name);
  const tip = snapshot === undefined ? null : snapshotOf(c.store, r, snapshot);
  const base = o.since === undefined ? null : snapshotOf(c.store, r, o.since);
  if (base && tip && base.id >= tip.id)
    throw new WarrenError(
      "USAGE",
      `${base.name} is not older than ${tip.name}`,
      "give an older snapshot with --since",
    );
  const image = (tip?.of ?? r).image;
  if (base && base.of.image !== image)
    throw new WarrenError("REFUSED", `${name} had another image at ${base.name}`, "export it whole");
  const between = snapshotsOf(c.store, r.uuid).filter(
    (s) => o.snapshots && s.of.image === image && s.id > (base?.id ?? "") && s.id < (tip?.id ?? "~"),
  );
  const chosen = tip ? [...between, tip] : between;
  const states: State[] = chosen.map((s) => ({ s, view: () => viewOf(c, r, s, signal) }));
  // What it is now is kept before anything is sent, so that a slow reader gets one moment and holds nobody up.
  const now = tip ? null : await c.operations.locked([lockOf(name)], () => viewNow(c, r, signal));
  if (now) states.push({ s: null, view: async () => now });
  const baseState: State | null = base && { s: base, view: () => viewOf(c, r, base, signal) };
  const pieces = piecesOf(
    c,
    r,
    { from, image, thin: o.thin === true || base !== null, base: baseState, states },
    signal,
  );
  const { stream, over } = writeArchive(pieces, signal);
  void over.then(() => now?.drop());
  return stream;
}

interface Exported {
  from: string;
  image: string;
  thin: boolean;
  base: State | null;
  states: State[];
}

async function* piecesOf(
  c: Context,
  r: ContainerRecord,
  { from, image, thin, base, states }: Exported,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  let previous = base ? await seen(c, base, signal) : null;
  yield {
    name: "manifest.json",
    text: JSON.stringify(manifest(c, r, { from, image, thin, base, states }, previous)),
  };
  if (!thin) {
    const rootfs = c.images.rootfs(image);
    yield {
      name: "image",
      open: () => pack([{ directory: dirname(rootfs), names: ["rootfs"] }], "none", signal).stream,
    };
  }
  for (const [i, { s, view }] of states.entries()) {
    const { upper, drop } = await view();
    try {
      const listing = await listed(c, { upper, drop }, s, signal);
      const { removed, changed, whiteouts } = changesBetween(previous, listing);
      const { digest, overlay } = listing;
      const meta: StageMeta = { digest, removed, whiteouts, overlay };
      yield { name: `${i}/meta.json`, text: JSON.stringify(meta) };
      yield* files(c, `${i}/files`, upper, changed, signal);
      previous = listing;
    } finally {
      if (s) drop();
    }
  }
}

async function seen(c: Context, { s, view }: State, signal: AbortSignal): Promise<Listing> {
  const it = await view();
  try {
    return await listed(c, it, s, signal);
  } finally {
    it.drop();
  }
}

/** Those files of a tree that are named. */
async function* files(
  c: Context,
  name: string,
  upper: string,
  changed: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  // In the trash, where the next start of the daemon finds it.
  const list = `${c.paths.trash}/${Bun.randomUUIDv7()}.list`;
  mkdirSync(dirname(list), { recursive: true, mode: 0o700 });
  writeFileSync(list, Buffer.from(changed.map((path) => `${path}\0`).join(""), "latin1"), { mode: 0o600 });
  try {
    yield { name, open: () => pack([{ directory: upper, names: [], list }], "none", signal).stream };
  } finally {
    rmSync(list, { force: true });
  }
}

function manifest(
  c: Context,
  r: ContainerRecord,
  { from, image, thin, base, states }: Exported,
  before: Listing | null,
): ExportManifest {
  const { digest, description, source, architecture, app = null } = c.images.resolve(image);
  const of = (it: SnapshotOf): ExportStage["container"] => ({
    name: it.name,
    init: it.init,
    levels: it.levels,
    priority: it.priority,
    profiles: it.profiles ?? [],
    overcommit: it.overcommit ?? false,
    started: it.started,
    app: r.app ?? null,
  });
  return {
    format: "warren-export",
    version: 1,
    made: new Date().toISOString(),
    of: from,
    image: { digest, alias: r.imageAlias, description, source, architecture, app, included: !thin },
    base: base?.s && before ? { snapshot: base.s.name, digest: before.digest } : null,
    stages: states.map(({ s }) => ({
      snapshot: s && { name: s.name, comment: s.comment, created: s.created },
      container: of(s?.of ?? keptOf(r)),
    })),
  };
}
