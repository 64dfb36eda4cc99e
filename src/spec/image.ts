import type { AppConfig } from "./app.ts";
import type { InitKind } from "./container.ts";

/** The record of an image, as the store keeps it. */
export interface ImageRecord {
  /** `sha256:` and 64 hex digits over the image's canonical file list and contents, and `app`. */
  digest: string;
  aliases: string[];
  /** Bytes of its files on disk. */
  size: number;
  created: string;
  /** Debian's architecture name: amd64, arm64. */
  architecture: string;
  init: InitKind;
  /** Path and arguments of init. */
  initCommand: string[];
  description: string;
  /** Where it came from: `built-in:busybox`, `recipe:debian/13`, `docker:REF`, `import:FILE`, `publish:NAME`. */
  source: string;
  /** How its program is run, for images of one application. */
  app?: AppConfig;
  /** What to mind about an image from elsewhere. */
  warnings?: string[];
  version: number;
}

/** What `image prune` answers. */
export interface ImagePruned {
  /** What is gone, by alias or digest. */
  images: string[];
  objects: number;
  /** Bytes on disk that are free again. */
  freed: number;
}

/** Something that is not as it was made. */
export interface ImageDamage {
  kind: "object" | "image" | "layer";
  /** The file or image. */
  what: string;
  why: string;
  /** Images and containers that hold it, by name. */
  images: string[];
  containers: string[];
  fix: string;
}

/** What `image check` answers. */
export interface ImageCheck {
  objects: number;
  images: number;
  /** Bytes that were read and hashed. */
  bytes: number;
  /** Objects that no tree holds any more, and their bytes: for `image prune`. */
  unused: number;
  unusedBytes: number;
  damaged: ImageDamage[];
  /** Names of damaged objects that were taken away, so that no image to come gets them. */
  repaired: number;
}

/** An entry of `image list`. */
export interface ImageSummary {
  digest: string;
  aliases: string[];
  size: number;
  created: string;
  /** Names of containers made from it. */
  containers: string[];
  init: InitKind;
  architecture: string;
  description: string;
  source: string;
  /** How its program is run, for images of one application. */
  app?: AppConfig;
  /** What to mind about an image from elsewhere. */
  warnings?: string[];
}

/** The same with what of its size is its own, and what other images and containers hold as well. */
export interface MeasuredImage extends ImageSummary {
  own: number;
  shared: number;
}
