import type { AppConfig } from "../spec/app.ts";
import { WarrenError } from "../spec/errors.ts";
import type { ImageRecord } from "../spec/image.ts";
import { imageAlias, printable } from "../spec/name.ts";

/** What a person may call an image: one of its aliases, or its digest or the beginning of it. */
export type ImageRef = { kind: "alias"; alias: string } | { kind: "digest"; hex: string };

/** Fewer hex digits than these are taken for an alias: short ones are easily a word. */
const SHORTEST_PREFIX = 12;
const PREFIX = new RegExp(`^[0-9a-f]{${SHORTEST_PREFIX},64}$`);

/**
 * Reads a reference: `debian/13`, `sha256:<64 hex>`, or at least 12 hex digits of a digest (with or without
 * `sha256:`). Throws BAD_NAME.
 */
export function parseRef(text: string): ImageRef {
  const hex = text.startsWith("sha256:") ? text.slice(7) : text;
  if (PREFIX.test(hex)) return { kind: "digest", hex };
  if (text.startsWith("sha256:"))
    throw new WarrenError(
      "BAD_NAME",
      `"${printable(text)}" is not a digest`,
      `give sha256: and ${SHORTEST_PREFIX} to 64 hex digits`,
    );
  return { kind: "alias", alias: imageAlias(text) };
}

/** Checks a name that is to become an alias; throws BAD_NAME for one that would be read as a digest. */
export function newAlias(text: string): string {
  if (parseRef(text).kind === "alias") return text;
  throw new WarrenError(
    "BAD_NAME",
    `"${printable(text)}" looks like a digest`,
    "choose an alias with another letter in it",
  );
}

/** The one image that `ref` means, if there is one. Throws BAD_NAME when the prefix fits several. */
export function findImage(ref: ImageRef, images: readonly ImageRecord[]): ImageRecord | undefined {
  if (ref.kind === "alias") return images.find((i) => i.aliases.includes(ref.alias));
  const fits = images.filter((i) => i.digest.startsWith(`sha256:${ref.hex}`));
  if (fits.length < 2) return fits[0];
  throw new WarrenError(
    "BAD_NAME",
    `"${ref.hex}" is the beginning of ${fits.length} digests`,
    "give more of its digits",
    { digests: fits.map((i) => i.digest) },
  );
}

/** The digest of an image from that of its tree: the same files run in another way are another image. */
export function imageDigest(tree: string, app: AppConfig | undefined): string {
  if (!app) return tree;
  const { env, ...rest } = app;
  const said = { ...rest, env: Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1)) };
  const fields = Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1));
  return `sha256:${new Bun.CryptoHasher("sha256").update(`${tree}\n${JSON.stringify(fields)}\n`).digest("hex")}`;
}

/** The hex digits of a digest: the name of the image's directory. */
export const hexOf = (digest: string): string => digest.slice("sha256:".length);
