import { mkdirSync, statfsSync } from "node:fs";
import {
  type ArchiveReader,
  applyChanges,
  type Listing,
  listTree,
  type Member,
  makeWhiteouts,
  noteOverlay,
} from "../host/backup/index.ts";
import { breather } from "../host/object/index.ts";
import { extract } from "../host/tar/index.ts";
import { readStageMeta } from "../plan/backup.ts";
import { newAlias } from "../plan/image.ts";
import type { ExportManifest } from "../spec/backup.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { Context } from "./context.ts";
import type { Work } from "./operation.ts";

/** Most bytes of what stands before the files of a stage: a million long paths. */
const META_MOST = 256 << 20;
/** Of the disk stays free whatever an export says: a twentieth, at least 256 MiB. */
const RESERVE_SHARE = 20;
const RESERVE_LEAST = 256 * 2 ** 20;

/** The next member, which must be `name`. Throws BAD_VALUE. */
export async function expect(reader: ArchiveReader, name: string): Promise<Member> {
  const member = await reader.next();
  if (member?.name === name) return member;
  throw new WarrenError(
    "BAD_VALUE",
    `the export is broken: it lacks ${name}`,
    "fetch it again; nothing was changed",
  );
}

/**
 * Applies the next stage of an export to the tree `upper`, which is what the listing `before` says, or empty. Throws BAD_VALUE when
 * the outcome is not what was exported.
 */
export async function receiveStage(
  c: Context,
  reader: ArchiveReader,
  stage: { number: number; upper: string; scratch: string; before: Listing | null },
  work: Work,
): Promise<Listing> {
  const { number, upper, scratch, before } = stage;
  const meta = readStageMeta(await reader.text(await expect(reader, `${number}/meta.json`), META_MOST));
  await applyChanges(upper, meta.removed);
  await unpack(c, reader, `${number}/files`, { into: upper, at: scratch, nested: true }, work);
  makeWhiteouts(upper, meta.whiteouts);
  noteOverlay(upper, meta.overlay, before?.overlay ?? []);
  work.progress("verifying");
  const now = await listTree(upper, breather("verifying the import", work.signal));
  if (now.digest === meta.digest) return now;
  throw new WarrenError(
    "BAD_VALUE",
    "the export's files are not what was exported",
    "fetch it again; nothing was changed",
    { exported: meta.digest, imported: now.digest },
  );
}

async function unpack(
  c: Context,
  reader: ArchiveReader,
  name: string,
  to: { into: string; at: string; nested: boolean },
  work: Work,
): Promise<void> {
  const { bavail, bsize, blocks } = statfsSync(to.into);
  const reserve = Math.max(RESERVE_LEAST, Math.floor((blocks * bsize) / RESERVE_SHARE));
  const first = await expect(reader, `${name}/00000000`);
  try {
    mkdirSync(c.paths.scratch, { recursive: true, mode: 0o700 });
    await extract(reader.pieces(name, first), {
      ...to,
      reserve,
      largestFile: Math.max(0, bavail * bsize - reserve),
      signal: work.signal,
      progress: (bytes) => work.progress("unpacking", bytes, 0, "bytes"),
    });
  } catch (error) {
    // What was wrong with the export says more than that tar's input broke off.
    throw reader.failure() ?? error;
  }
}

/** The image an export stands on: the one that is there, or the export's own. Throws NO_IMAGE, BAD_VALUE. */
export async function receiveImage(
  c: Context,
  reader: ArchiveReader,
  { image, of }: ExportManifest,
  work: Work,
): Promise<ImageRecord> {
  const there = c.store.images.get(image.digest);
  if (there && !image.included) return there;
  if (!image.included)
    throw new WarrenError(
      "NO_IMAGE",
      `the export of ${of} stands on the image ${image.digest.slice(0, 19)} (${image.alias}), which is not here`,
      "import the image first, or export without --thin",
      { digest: image.digest },
    );
  if (there) {
    const first = await expect(reader, "image/00000000");
    for await (const _ of reader.pieces("image", first));
    return there;
  }
  return takeImage(c, reader, image, work);
}

async function takeImage(
  c: Context,
  reader: ArchiveReader,
  image: ExportManifest["image"],
  work: Work,
): Promise<ImageRecord> {
  const { digest, alias, description, source, architecture, app } = image;
  const before = new Set(c.store.images.list().map((each) => each.digest));
  const made = await c.images.take(
    async (place) => {
      const into = `${place.path}/unpacked`;
      mkdirSync(into, { mode: 0o755 });
      await unpack(c, reader, "image", { into, at: `${place.path}/shifted`, nested: false }, work);
      const root = `${into}/rootfs`;
      return { root, description, source, ...(app ? { app, architecture } : {}) };
    },
    undefined,
    work,
  );
  if (!before.has(made.digest)) work.undo("image", () => c.images.forget(made.digest));
  if (made.digest !== digest)
    throw new WarrenError(
      "BAD_VALUE",
      "the export's image is not what was exported",
      "fetch it again; nothing was changed",
      { exported: digest, imported: made.digest },
    );
  const taken = c.store.images.list().some((each) => each.aliases.includes(alias));
  if (!taken && isAlias(alias)) c.images.setAliases(digest, [...made.aliases, alias]);
  return c.images.resolve(digest);
}

/** Names as Warren gives them; an export may bear any. */
const isAlias = (text: string): boolean => {
  try {
    return newAlias(text) === text;
  } catch {
    return false;
  }
};
