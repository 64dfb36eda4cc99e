import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Shelf, writeMetadata } from "../host/image/index.ts";
import { type Compression, pack } from "../host/tar/index.ts";
import { hexOf } from "../plan/image.ts";
import type { ImageRecord } from "../spec/image.ts";

/**
 * A unified tarball (metadata.yaml, templates/, rootfs/), as Incus, LXD and Warren read it. Made while it is read;
 * breaks with FAILED when the image is deleted meanwhile.
 */
export function exportImage(
  image: ImageRecord,
  trees: Shelf,
  compression: Compression,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const { architecture, description } = image;
  const place = trees.open();
  const created = Math.floor(Date.parse(image.created) / 1000);
  writeFileSync(`${place.path}/metadata.yaml`, writeMetadata({ architecture, created, description }));
  mkdirSync(`${place.path}/templates`);
  const parts = [
    { directory: place.path, names: ["metadata.yaml", "templates"] },
    { directory: dirname(trees.rootfs(hexOf(image.digest))), names: ["rootfs"] },
  ];
  const { stream, over } = pack(parts, compression, signal);
  void over.then(() => place.leave());
  return stream;
}
