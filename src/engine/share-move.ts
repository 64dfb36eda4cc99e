import { lstatSync, renameSync, statSync, unlinkSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { run } from "../host/exec/index.ts";
import {
  breather,
  contentReader,
  copyFileTo,
  keyOf,
  noteReader,
  openJournal,
  prune,
  setOpaque,
  unsetOpaque,
  visible,
} from "../host/object/index.ts";
import { xattrReader } from "../host/syscall/xattr.ts";
import type { ContainerRecord } from "../spec/container.ts";
import type { SharedFiles, ShareUndone } from "../spec/share.ts";
import type { Context } from "./context.ts";
import type { Work } from "./operation.ts";
import { type Finding, find, type Place, parentOf, placer, type Survey, upperOf } from "./share-look.ts";

type Doing = Pick<Work, "signal" | "progress">;
type Breathe = () => Promise<void> | undefined;

const bytesOf = (path: string): Buffer => Buffer.from(path, "latin1");
export const journalOf = (c: Context, r: ContainerRecord) =>
  openJournal(`${c.paths.data(r.uuid)}/times`, upperOf(c, r));

/**
 * Moves what a stopped container shares with others out of its own directory into a layer of links below it.
 *
 * In this order, so that it may end anywhere: copies of what is no object yet are made and synced, objects get their names,
 * the layer gets its links, the journal of the directories' times is written, and only then the upper's own files go. A guest
 * sees the same files at each point.
 */
export async function shareOne(
  c: Context,
  r: ContainerRecord,
  likes: Survey,
  work: Doing,
): Promise<SharedFiles> {
  const breathe = breather(`sharing the files of ${r.name}`, work.signal);
  const [upper, lower] = [upperOf(c, r), c.lowers.path(r.uuid)];
  journalOf(c, r).end();
  for (const _ of c.lowers.of(r.uuid)) await prune(lower, await visible(upper, lower, breathe), breathe);
  const findings = await find(c, r, likes, breathe);
  const done: SharedFiles = { container: r.name, files: 0, moved: 0, regained: 0 };
  if (findings.length === 0) return done;
  const choose = await placer(c, r, breathe);
  const placed = findings.map((finding) => ({ finding, place: choose(finding) }));
  await contribute(c, r, placed, breathe);
  const moved: typeof placed = [];
  for (const each of placed) {
    const pause = breathe();
    if (pause) await pause;
    if (link(c, r, each.finding, each.place)) moved.push(each);
  }
  // A pool's own file system knows nothing of the order in which this one writes.
  if (moved.length > 0 && statSync(upper).dev !== statSync(c.paths.images).dev) await sync(c);
  const journal = journalOf(c, r);
  journal.begin(new Set(moved.map(({ finding }) => parentOf(finding.path))));
  try {
    // The layer's own directories hide the image's from here on.
    for (const cover of new Set(moved.flatMap(({ finding }) => finding.covers)))
      unsetOpaque(bytesOf(`${upper}/${cover}`));
    for (const { finding, place } of moved) {
      const pause = breathe();
      if (pause) await pause;
      const at = bytesOf(`${upper}/${finding.path}`);
      if (!isSame(at, finding)) continue;
      unlinkSync(at);
      done.files++;
      done.moved += finding.bytes;
      if (place.kind !== "new") done.regained += finding.bytes;
    }
  } finally {
    journal.end();
  }
  return done;
}

/** Whether nobody touched a file since it was read. */
function isSame(at: Buffer, { stat }: Finding): boolean {
  const now = lstatSync(at, { bigint: true, throwIfNoEntry: false });
  return now?.ino === stat.ino && now.ctimeNs === stat.ctimeNs && now.size === stat.size;
}

const sync = (c: Context) => run(["sync", "--file-system", c.paths.images], { timeout: 600_000 });

/**
 * Makes objects of what is none yet: of copies, for a guest writes its upper's files in place. Each is what it is named after, whatever
 * happened to the original meanwhile.
 */
async function contribute(
  c: Context,
  r: ContainerRecord,
  placed: readonly { finding: Finding; place: Place }[],
  breathe: Breathe,
): Promise<void> {
  const contentOf = contentReader(breathe);
  const scratch = `${c.paths.images}/tmp/${Bun.randomUUIDv7()}`;
  const copies: { at: Buffer; key: string; twin: number }[] = [];
  await mkdir(scratch, { mode: 0o700 });
  try {
    for (const { finding, place } of placed) {
      if (place.kind !== "new") continue;
      const { path, stat, attributes, key } = finding;
      const at = bytesOf(`${scratch}/${copies.length}`);
      await copyFileTo({ path: bytesOf(`${upperOf(c, r)}/${path}`), stat, attributes }, at);
      const copy = lstatSync(at, { bigint: true });
      if (keyOf(await contentOf(at), copy, attributes) === key) copies.push({ at, key, twin: place.twin });
      else unlinkSync(at);
    }
    if (copies.length > 0) await sync(c);
    for (const { at, key, twin } of copies) c.objects.add(key, twin, at);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Gives the layer below the file's object; false when it can't have it, and the file stays where it is. */
function link(c: Context, r: ContainerRecord, { path, key }: Finding, place: Place): boolean {
  if (place.kind === "image") return true;
  const object = place.kind === "object" ? place.object : c.objects.find(key, place.twin);
  if (!object) return false;
  c.lowers.makeParents(r.uuid, path, upperOf(c, r));
  return c.objects.link(object, bytesOf(`${c.lowers.path(r.uuid)}/${path}`));
}

/** Brings everything a stopped container shares beside its image back into its own directory. */
export async function unshareOne(c: Context, r: ContainerRecord, work: Doing): Promise<ShareUndone> {
  const breathe = breather(`bringing back the files of ${r.name}`, work.signal);
  const [upper, lower] = [upperOf(c, r), c.lowers.path(r.uuid)];
  const done: ShareUndone = { container: r.name, files: 0, bytes: 0 };
  journalOf(c, r).end();
  if (c.lowers.of(r.uuid).length === 0) return done;
  const attributesOf = xattrReader();
  const { files, directories } = await visible(upper, lower, breathe);
  const seen = [...files];
  const journal = journalOf(c, r);
  const fresh = bytesOf(`${c.paths.data(r.uuid)}/returning`);
  journal.begin(new Set(seen.map(([, path]) => parentOf(path))));
  try {
    for (const [from, path] of seen) {
      const pause = breathe();
      if (pause) await pause;
      const source = bytesOf(`${lower}/${from}`);
      const stat = lstatSync(source, { bigint: true });
      await rm(fresh.toString(), { force: true });
      await copyFileTo({ path: source, stat, attributes: attributesOf(source) }, fresh);
      renameSync(fresh, bytesOf(`${upper}/${path}`));
      done.files++;
      done.bytes += Number(stat.blocks) * 512;
    }
  } finally {
    await rm(fresh.toString(), { force: true });
    journal.end();
  }
  const notes = noteReader();
  for (const [from, path] of directories)
    if (notes(bytesOf(`${lower}/${from}`)).opaque) setOpaque(bytesOf(`${upper}/${path}`));
  await run(["sync", "--file-system", upper], { timeout: 600_000 });
  c.lowers.remove(r.uuid);
  return done;
}

/** As `shareOne`, and tells those who follow events. */
export async function shareAndTell(
  c: Context,
  r: ContainerRecord,
  likes: Survey,
  work: Doing,
): Promise<SharedFiles> {
  const { container, ...details } = await shareOne(c, r, likes, work);
  if (details.files > 0) c.events.emit({ type: "container-shared", container, details });
  return { container, ...details };
}
