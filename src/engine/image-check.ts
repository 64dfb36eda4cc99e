import { readdirSync } from "node:fs";
import { type Shelf, takeInventory } from "../host/image/index.ts";
import {
  breather,
  contentReader,
  keyOf,
  type Objects,
  type StoredObject,
  walk,
} from "../host/object/index.ts";
import { xattrReader } from "../host/syscall/xattr.ts";
import { hexOf, imageDigest } from "../plan/image.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageCheck, ImageDamage, ImageRecord } from "../spec/image.ts";
import type { Store } from "../store/index.ts";
import type { Work } from "./operation.ts";

interface CheckDeps {
  store: Store;
  trees: Shelf;
  objects: Objects;
  /** Directory of the layers that containers share beside their images. */
  lowers: string;
}

/** A damaged object and who holds it. */
type Holders = Map<number, { object: StoredObject; why: string; images: Set<string>; layers: Set<string> }>;

const nameOf = (image: ImageRecord): string => image.aliases[0] ?? image.digest.slice(0, 19);
const reason = (error: unknown): string =>
  `can't be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`;

/**
 * Reads every object and every image again and compares them with their names. Files that are in many places are read
 * once. `repair` takes the names of damaged objects away, so that no image to come gets them; the trees that hold one are told.
 */
export async function checkImages(
  { store, trees, objects, lowers }: CheckDeps,
  repair: boolean,
  work: Pick<Work, "signal" | "progress">,
): Promise<ImageCheck> {
  const breathe = breather("checking the images", work.signal);
  const [contentOf, attributesOf] = [contentReader(breathe), xattrReader()];
  const result: ImageCheck = {
    objects: 0,
    images: 0,
    bytes: 0,
    unused: 0,
    unusedBytes: 0,
    damaged: [],
    repaired: 0,
  };
  const contents = new Map<number, string>();
  const damaged: Holders = new Map();

  /** Why an object is not what its name says; `null` when it is. */
  const faultOf = async ({ path, key, twin, stat }: StoredObject): Promise<string | null> => {
    try {
      const content = await contentOf(path);
      contents.set(Number(stat.ino), content);
      const isWhole = keyOf(content, stat, attributesOf(Buffer.from(path))) === key;
      return isWhole ? null : "its content, owner, mode, time or attributes are not those it was stored with";
    } catch (error) {
      if (error instanceof WarrenError) throw error;
      // Taken away as unused meanwhile.
      return objects.find(key, twin) ? reason(error) : null;
    }
  };

  for (const slice of objects.slices())
    for (const object of slice) {
      work.progress("reading objects", result.bytes, 0, "bytes");
      const why = await faultOf(object);
      result.objects++;
      result.bytes += Number(object.stat.size);
      if (object.stat.nlink === 1n) {
        result.unused++;
        result.unusedBytes += Number(object.stat.blocks) * 512;
      }
      if (why) damaged.set(Number(object.stat.ino), { object, why, images: new Set(), layers: new Set() });
    }

  for (const image of store.images.list()) {
    work.progress(`reading ${nameOf(image)}`, result.bytes, 0, "bytes");
    if (!store.images.get(image.digest)) continue;
    const why = await imageFault(image);
    result.images++;
    if (why) result.damaged.push(imageDamage(image, why, usersOf(image.digest)));
  }
  for (const id of layers())
    await walk(
      `${lowers}/${id}`,
      { visit: ({ stat }) => void damaged.get(Number(stat.ino))?.layers.add(id) },
      breathe,
    );
  for (const { object, why, images, layers } of damaged.values()) {
    const of = store.containers.list().filter((r) => images.has(r.image) || layers.has(r.uuid));
    const names = store.images.list().filter(({ digest }) => images.has(digest));
    result.damaged.push({
      kind: "object",
      what: object.path,
      why,
      images: names.map(nameOf),
      containers: of.map(({ name }) => name).sort(),
      fix: [
        repair ? "its name was taken away" : "warren image check --repair",
        images.size > 0 ? "make the images anew, which mends them" : "",
        layers.size > 0 ? "install what it belongs to again in the containers" : "",
      ]
        .filter(Boolean)
        .join("; "),
    });
    if (!repair) continue;
    objects.drop(object);
    result.repaired++;
  }
  return result;

  function usersOf(digest: string): string[] {
    const users = store.containers.list().filter(({ image }) => image === digest);
    return users.map(({ name }) => name).sort();
  }

  async function imageFault({ digest, app }: ImageRecord): Promise<string | null> {
    try {
      const found = await takeInventory(trees.rootfs(hexOf(digest)), {
        signal: work.signal,
        contentOf: ({ ino }) => contents.get(ino),
        onFile({ stat }) {
          damaged.get(stat.ino)?.images.add(digest);
          if (!contents.has(stat.ino)) result.bytes += stat.size;
        },
      });
      return imageDigest(found.digest, app) === digest
        ? null
        : `its files come to ${found.digest.slice(0, 19)}`;
    } catch (error) {
      if (error instanceof WarrenError) throw error;
      // Deleted meanwhile.
      return store.images.get(digest) ? reason(error) : null;
    }
  }

  function layers(): string[] {
    try {
      return readdirSync(lowers);
    } catch {
      return [];
    }
  }
}

function imageDamage(image: ImageRecord, why: string, containers: string[]): ImageDamage {
  const fix = image.source.startsWith("recipe:")
    ? `warren image build ${image.source.slice("recipe:".length)} --force, and make its containers anew`
    : "get it again, and make its containers anew";
  return { kind: "image", what: nameOf(image), why, images: [nameOf(image)], containers, fix };
}
