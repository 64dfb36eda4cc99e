/** The JSON of OCI image layouts (image-spec 1.1) and of docker-save archives. Hostile text; pure. */
import { WarrenError } from "../../spec/errors.ts";

/** Content by its hash. */
export interface Descriptor {
  /** 64 hex digits. */
  hash: string;
  size: number;
}

/** Most layers that are taken; container engines themselves make no more than 127. */
const LAYERS_MOST = 500;
const DIGEST = /^sha256:([0-9a-f]{64})$/;

const broken = (what: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the image is broken: ${what}`, "fetch it again");

type Unknown = Record<string, unknown>;
const members = (value: unknown): Unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Unknown) : {};

/** Reads JSON; throws BAD_VALUE naming `what`. */
export function parseJson(text: string, what: string): Unknown {
  try {
    return members(JSON.parse(text));
  } catch {
    throw broken(`${what} is not JSON`);
  }
}

function descriptor(value: unknown, what: string): Descriptor {
  const { digest, size } = members(value);
  const hash = typeof digest === "string" ? DIGEST.exec(digest)?.[1] : undefined;
  if (hash === undefined) throw broken(`${what} has no sha256 digest`);
  return { hash, size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : 0 };
}

/** What the manifest of an index is: an image's, or an index of such, both by their hash. */
export type Manifest =
  | { kind: "image"; config: Descriptor; layers: Descriptor[] }
  | { kind: "index"; manifests: { of: Descriptor; platform: string }[] };

/** Reads an index or a manifest. Throws BAD_VALUE. */
export function readManifest(raw: Unknown): Manifest {
  if (Array.isArray(raw.manifests)) {
    const manifests = raw.manifests.map((entry) => {
      const { os = "", architecture = "" } = members(members(entry).platform);
      return { of: descriptor(entry, "a manifest"), platform: os ? `${os}/${architecture}` : "" };
    });
    return { kind: "index", manifests };
  }
  if (!Array.isArray(raw.layers)) throw broken("its manifest names no layers");
  if (raw.layers.length > LAYERS_MOST) throw broken(`it has ${raw.layers.length} layers`);
  const layers = raw.layers.map((layer) => descriptor(layer, "a layer"));
  return { kind: "image", config: descriptor(raw.config, "its configuration"), layers };
}

/**
 * The one manifest for `platform` (`linux/amd64`) in an index; entries without a platform fit all. Throws UNSUPPORTED
 * when there is none, BAD_VALUE when there are several.
 */
export function choose(
  manifests: readonly { of: Descriptor; platform: string }[],
  platform: string,
): Descriptor {
  const exact = manifests.filter((m) => m.platform === platform);
  const fitting = exact.length > 0 ? exact : manifests.filter((m) => m.platform === "");
  if (fitting.length === 1) return fitting[0]!.of;
  if (fitting.length > 1)
    throw new WarrenError(
      "BAD_VALUE",
      `the archive holds ${fitting.length} images for ${platform}`,
      "save them one by one",
    );
  const others = manifests.map((m) => m.platform).filter((p) => p && !p.startsWith("unknown"));
  throw new WarrenError(
    "UNSUPPORTED",
    `the image is not for ${platform}, only for ${others.slice(0, 8).join(", ") || "nothing"}`,
    `get it for ${platform}`,
  );
}

/** manifest.json of a docker-save archive: paths of configuration and layers. Throws BAD_VALUE. */
export function readSaved(text: string): { config: string; layers: string[] } {
  let images: unknown;
  try {
    images = JSON.parse(text);
  } catch {
    throw broken("manifest.json is not JSON");
  }
  if (!Array.isArray(images) || images.length !== 1)
    throw new WarrenError(
      "BAD_VALUE",
      `the archive holds ${Array.isArray(images) ? images.length : 0} images`,
      "save one image into it",
    );
  const { Config: config, Layers: layers } = members(images[0]);
  if (typeof config !== "string" || !Array.isArray(layers) || layers.length > LAYERS_MOST)
    throw broken("manifest.json names no configuration or no layers");
  return { config, layers: layers.map(String) };
}

/** The hashes of the unpacked layers that an image configuration names; empty where it names none. */
export function diffIds(config: Unknown): string[] {
  const ids = members(config.rootfs).diff_ids;
  return Array.isArray(ids) ? ids.map((id) => DIGEST.exec(String(id))?.[1] ?? "") : [];
}
