import type { Shelf } from "../host/image/index.ts";
import { breather, type Entry, walk } from "../host/object/index.ts";
import { hexOf } from "../plan/image.ts";
import type { ImageSummary, MeasuredImage } from "../spec/image.ts";

/** Milliseconds that a measurement is good for: shares of containers change it too. */
const KEPT = 60_000;
/** An object's own name, and one in the image: with more than these, another tree holds it. */
const OWN_NAMES = 2;

/** Measures how much of each image's size is its own. Walks the trees when images came or went, or once a minute at most. */
export function createImageSizes(trees: Shelf): (images: ImageSummary[]) => Promise<MeasuredImage[]> {
  let last = { of: "", at: 0, shared: new Map<string, number>() };

  const sharedOf = async (digest: string): Promise<number> => {
    let bytes = 0;
    const visit = ({ stat }: Entry): void => {
      if (stat.nlink > OWN_NAMES) bytes += Number(stat.blocks) * 512;
    };
    await walk(trees.rootfs(hexOf(digest)), { visit }, breather("measuring an image"));
    return bytes;
  };

  return async (images) => {
    const digests = images.map(({ digest }) => digest);
    const of = trees.list().sort().join();
    if (last.of !== of || performance.now() - last.at > KEPT)
      last = { of, at: performance.now(), shared: new Map() };
    const { shared } = last;
    // One that is deleted at this moment has nothing any more.
    for (const digest of digests)
      if (!shared.has(digest)) shared.set(digest, await sharedOf(digest).catch(() => 0));
    return images.map((image) => {
      const bytes = Math.min(image.size, shared.get(image.digest) ?? 0);
      return { ...image, shared: bytes, own: image.size - bytes };
    });
  };
}
