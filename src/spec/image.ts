import type { InitKind } from "./container.ts";

/** The record of an image, as the store keeps it. */
export interface ImageRecord {
  /** `sha256:` and 64 hex digits over the image's canonical file list and contents. */
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
  /** Where it came from: `built-in:busybox`, `recipe:debian/13`, `import:FILE`, `publish:NAME`. */
  source: string;
  version: number;
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
}
