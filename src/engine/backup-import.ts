import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type ArchiveReader, type Listing, listTree } from "../host/backup/index.ts";
import { cloneFiles, flush } from "../host/clone/index.ts";
import { breather } from "../host/object/index.ts";
import { scheduledName } from "../plan/snapshot.ts";
import type { ExportManifest, ExportStage, ImportRequest } from "../spec/backup.ts";
import type { ContainerRecord } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import { DEFAULT_POOL } from "../spec/pool.ts";
import type { SkippedLevel } from "../spec/profile.ts";
import type { SnapshotOf, SnapshotRecord } from "../spec/snapshot.ts";
import { importedLevels } from "./backup-levels.ts";
import { receiveImage, receiveStage } from "./backup-receive.ts";
import { digestOf, flatten, viewNow } from "./backup-view.ts";
import { type Context, record } from "./context.ts";
import { discard, insert, makeDirectories } from "./create.ts";
import type { Work } from "./operation.ts";
import { dropSnapshot } from "./snapshot-drop.ts";
import { complete, keptOf, newSnapshot, requireFree } from "./snapshot-make.ts";
import { snapshotsOf } from "./snapshot-record.ts";
import { restoreSnapshot } from "./snapshot-restore.ts";

/** What an import brought. */
export interface Imported {
  container: string;
  snapshots: string[];
  skipped: SkippedLevel[];
}

type Request = ImportRequest & { name: string };

/** Makes a container of a whole export; nothing of it is there for others before all of it was read and found right. */
export async function importWhole(
  c: Context,
  reader: ArchiveReader,
  manifest: ExportManifest,
  o: Request,
  work: Work,
): Promise<Imported> {
  const image = await receiveImage(c, reader, manifest, work);
  const last = manifest.stages.at(-1)!.container;
  const pool = c.pools.choose(o.pool);
  await c.pools.open(pool);
  // Of all states, before anything is unpacked in vain.
  const each = manifest.stages.map(({ container }) =>
    importedLevels(c, container.levels, o.skipUnsupported === true, pool),
  );
  const { levels, skipped } = each.at(-1)!;
  const { init, priority, profiles, overcommit, app } = last;
  const made = insert(c, {
    ...{ name: o.name, image: image.digest, imageAlias: image.aliases[0] ?? image.digest.slice(7, 19) },
    ...{ init, levels, priority, profiles, overcommit, pool },
    ...(app ? { app } : {}),
  });
  work.undo("container", () => discard(c, made));
  makeDirectories(c, made);
  const data = c.paths.data(made.uuid);
  const ids: string[] = [];
  let before: Listing | null = null;
  for (const [number, stage] of manifest.stages.entries()) {
    const at = { number, upper: `${data}/upper`, scratch: c.paths.scratchOf(made.uuid), before };
    before = await receiveStage(c, reader, at, work);
    if (!stage.snapshot) continue;
    const id = begin(c, made, stage, before.digest, each[number]!.levels, work);
    await clone(c, data, id, work);
    ids.push(id);
  }
  await end(reader, data, work);
  const { started } = last;
  c.store.transaction(() => {
    c.store.containers.update(o.name, (old) => ({ ...old, started, phase: "ready" }));
    for (const id of ids) c.store.snapshots.update(id, (old) => ({ ...old, phase: "ready" }));
  });
  work.keep();
  c.events.emit({ type: "container-created", container: o.name, details: { import: manifest.of } });
  return { container: o.name, snapshots: names(c, ids), skipped };
}

/**
 * Brings a container to what an incremental export tells: the snapshot it is told against, and what changed since. Throws
 * REFUSED when there is none of that content, or the container is something else by now.
 */
export async function importChanges(
  c: Context,
  reader: ArchiveReader,
  manifest: ExportManifest,
  o: Request,
  work: Work,
): Promise<Imported> {
  const r = record(c.store, o.name);
  if (c.runtime.get(o.name)) throw new WarrenError("RUNNING", `${o.name} runs`, "stop it first");
  const base = await baseOf(c, r, manifest, o.force === true, work);
  await receiveImage(c, reader, manifest, work);
  const ids: string[] = [];
  let [from, before]: [string, Listing | null] = [base.id, null];
  for (const [number, stage] of manifest.stages.entries()) {
    const { levels } = importedLevels(
      c,
      stage.container.levels,
      o.skipUnsupported === true,
      r.pool ?? DEFAULT_POOL,
    );
    const id = begin(c, r, stage, null, levels, work);
    const upper = `${c.paths.snapshot(id)}/upper`;
    await clone(c, c.paths.snapshot(from), id, work);
    await c.lowers.copy(from, id, breather("the import", work.signal));
    await flatten(c, id, work.signal);
    before ??= await listTree(upper, breather("the import", work.signal));
    before = await receiveStage(c, reader, { number, upper, scratch: c.paths.scratchOf(id), before }, work);
    const { digest } = before;
    c.store.snapshots.update(id, (old) => ({ ...old, digest }));
    from = id;
    ids.push(id);
  }
  await end(reader, c.paths.snapshot(from), work);
  for (const id of ids) complete(c, id, {});
  work.keep();
  const snapshots = names(c, ids);
  await restoreSnapshot(c, o.name, snapshots.at(-1)!, {}, work);
  return { container: o.name, snapshots, skipped: [] };
}

/** The snapshot that changes are told against. */
async function baseOf(
  c: Context,
  r: ContainerRecord,
  { base, image, of }: ExportManifest,
  force: boolean,
  work: Work,
): Promise<SnapshotRecord> {
  work.progress("comparing");
  const refuse = (why: string, fix: string): never => {
    throw new WarrenError("REFUSED", why, fix, { base });
  };
  const told = `the export of ${of} tells what changed since "${base?.snapshot}"`;
  if (r.image !== image.digest) refuse(`${told}, and ${r.name} has another image`, "import a whole export");
  const all = snapshotsOf(c.store, r.uuid).sort(
    (a, b) => Number(b.name === base?.snapshot) - Number(a.name === base?.snapshot),
  );
  let found: SnapshotRecord | undefined;
  for (const s of all) {
    if ((await digestOf(c, r, s, work.signal)) === base?.digest) found = s;
    if (found) break;
  }
  if (!found)
    return refuse(
      `${told}, and ${r.name} has no snapshot of that content`,
      "import what it is based on first",
    );
  if (force) return found;
  const now = await viewNow(c, r, work.signal);
  try {
    const { digest } = await listTree(now.upper, breather("comparing", work.signal));
    if (digest !== base?.digest)
      refuse(
        `${told}, and ${r.name} changed here since`,
        "keep it with a snapshot, then import with --force",
      );
  } finally {
    now.drop();
  }
  return found;
}

/** The record of a snapshot whose files come next. */
function begin(
  c: Context,
  r: ContainerRecord,
  { snapshot, container }: ExportStage,
  digest: string | null,
  levels: SnapshotOf["levels"],
  work: Work,
): string {
  const taken = new Set(snapshotsOf(c.store, r.uuid).map(({ name }) => name));
  const name = snapshot
    ? requireFree(c, r, snapshot.name)
    : scheduledName(Date.now(), taken).replace("auto", "import");
  const { priority, profiles, overcommit, started } = container;
  // Its levels are the container's then; name and addresses are those it has here.
  const of: SnapshotOf = { ...keptOf(r), levels, priority, profiles, overcommit, started };
  const more = snapshot ? { comment: snapshot.comment, created: snapshot.created } : {};
  const made = newSnapshot(r, name, { ...more, of, digest });
  c.store.snapshots.insert(made.id, made);
  work.undo("snapshot", () => dropSnapshot(c, made.id));
  return made.id;
}

async function clone(c: Context, from: string, id: string, work: Work): Promise<void> {
  const at = c.paths.snapshot(id);
  mkdirSync(dirname(at), { recursive: true, mode: 0o700 });
  const method = await cloneFiles(from, at, () => c.quotas.makeTree(at, 0), work.signal);
  c.store.snapshots.update(id, (old) => ({ ...old, method }));
}

/** Reads the end of the export, where it proves whole and unchanged, and makes what came of it durable. */
async function end(reader: ArchiveReader, path: string, work: Work): Promise<void> {
  const more = await reader.next();
  if (more)
    throw new WarrenError(
      "BAD_VALUE",
      `the export is broken: ${more.name} is too much`,
      "fetch it again; nothing was changed",
    );
  work.progress("writing to disk");
  await flush(path, work.signal);
}

const names = (c: Context, ids: readonly string[]): string[] =>
  ids.flatMap((id) => c.store.snapshots.get(id)?.name ?? []);
