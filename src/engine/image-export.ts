import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Shelf, writeMetadata } from "../host/image/index.ts";
import { type Compression, pack } from "../host/tar/index.ts";
import { readAppConfig, writeAppConfig } from "../plan/app.ts";
import { hexOf } from "../plan/image.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { Made } from "./image-source.ts";

/** Where a unified tarball keeps how an application image's program is run: an OCI image configuration. */
const APP_CONFIG = "config.json";
/** Bytes of it that are read. */
const CONFIG_MOST = 1 << 20;

/** What an unpacked unified tarball says of its program, if it has one. Throws BAD_VALUE. */
export function readApp(unpacked: string): Pick<Made, "app" | "architecture"> {
  const path = `${unpacked}/${APP_CONFIG}`;
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > CONFIG_MOST) return {};
  try {
    return readAppConfig(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    if (error instanceof WarrenError) throw error;
    throw new WarrenError("BAD_VALUE", `the archive's ${APP_CONFIG} is not JSON`, "export it again");
  }
}

/**
 * A unified tarball (metadata.yaml, templates/, rootfs/), as Incus, LXD and Warren read it; with config.json for applications. Made while it is read;
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
  const own = ["metadata.yaml", "templates"];
  if (image.app) {
    writeFileSync(`${place.path}/${APP_CONFIG}`, writeAppConfig(image.app, architecture));
    own.push(APP_CONFIG);
  }
  const parts = [
    { directory: place.path, names: own },
    { directory: dirname(trees.rootfs(hexOf(image.digest))), names: ["rootfs"] },
  ];
  const { stream, over } = pack(parts, compression, signal);
  void over.then(() => place.leave());
  return stream;
}
