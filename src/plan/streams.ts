/** Indexes of simplestreams image servers (format index:1.0 and products:1.0), as Incus and LXC read them. Hostile; pure. */
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";

/** The archive to fetch. */
export interface StreamFile {
  /** Below the server's address. */
  path: string;
  /** Bytes. */
  size: number;
  /** 64 hex digits. */
  sha256: string;
  /** Whether the tree lies in `rootfs/` beside metadata.yaml. */
  combined: boolean;
}

export interface StreamProduct {
  title: string;
  /** When the server made it, `20261120_05:24`. */
  version: string;
  file: StreamFile;
}

/** No image is larger, 1 TiB; more is a lie. */
const LARGEST = 2 ** 40;

type Unknown = Record<string, unknown>;
const members = (value: unknown): Unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Unknown) : {};
const entries = (value: unknown): [string, Unknown][] =>
  Object.entries(members(value)).map(([key, one]) => [key, members(one)]);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

const broken = (what: string): WarrenError =>
  new WarrenError(
    "FAILED",
    `the image server's index is not understood: ${what}`,
    "check imageServers in config.json",
  );

function parse(json: string, what: string): Unknown {
  try {
    return members(JSON.parse(json));
  } catch {
    throw broken(`${what} is not JSON`);
  }
}

/** An address below `base`. Throws HOSTILE for a path that leads elsewhere. */
export function below(base: string, path: string): string {
  const top = new URL(base.endsWith("/") ? base : `${base}/`);
  const url = URL.canParse(path, top.href) ? new URL(path, top) : null;
  if (url?.origin === top.origin && url.pathname.startsWith(top.pathname) && !/%2e|%2f|\\/i.test(path))
    return url.href;
  throw new WarrenError(
    "HOSTILE",
    `the image server's index leads outside of the server: ${printable(path)}`,
    "do not use that server",
  );
}

/** Where index.json says the list of images is. */
export function imagesPath(index: string): string {
  const found = entries(parse(index, "index.json").index).find(([, e]) => e.datatype === "image-downloads");
  const path = text(found?.[1].path);
  if (path) return path;
  throw broken("index.json names no list of images");
}

/**
 * The newest image that goes by `alias` and is for `architecture` (Debian's name). Throws NO_IMAGE with the aliases that
 * come near, UNSUPPORTED when it has no archive that is read.
 */
export function findProduct(json: string, alias: string, architecture: string): StreamProduct {
  const products = entries(parse(json, "the list of images").products).map(([key, product]) => ({
    aliases: [key, ...text(product.aliases).split(",")],
    product,
  }));
  const named = products.filter(({ aliases }) => aliases.includes(alias));
  const fitting = named.find(({ product }) => product.arch === architecture)?.product;
  if (!fitting)
    throw unknown(
      alias,
      architecture,
      named.length > 0,
      products.flatMap(({ aliases }) => aliases.slice(1)),
    );
  const versions = entries(fitting.versions).sort(([a], [b]) => (a < b ? 1 : -1));
  for (const [version, { items }] of versions) {
    const file = choose(entries(items));
    if (file) return { title: printable(titleOf(fitting, alias)), version: printable(version), file };
  }
  throw new WarrenError(
    "UNSUPPORTED",
    `the server has neither tar archive nor squashfs of "${printable(alias)}"`,
    "choose another image of it",
  );
}

const titleOf = (product: Unknown, alias: string): string =>
  [product.os, product.release_title ?? product.release].map(text).filter(Boolean).join(" ") || alias;

/** The tree alone, or else the unified tarball, or the tree as squashfs, which takes another tool. */
function choose(items: readonly [string, Unknown][]): StreamFile | undefined {
  const readable = /\.tar(?:\.(?:xz|gz|zst))?$|^(?:root\.)?squashfs$/;
  for (const kind of [/^root\.tar/, /_combined\.tar/, /squashfs$/])
    for (const [, item] of items) {
      const { size, sha256 } = item;
      const ftype = text(item.ftype);
      if (!kind.test(ftype) || !readable.test(ftype)) continue;
      if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1 || size > LARGEST)
        throw broken(`"${printable(text(item.path))}" has no size`);
      if (!/^[0-9a-f]{64}$/.test(text(sha256))) throw broken(`"${printable(text(item.path))}" has no sha256`);
      return { path: text(item.path), size, sha256: text(sha256), combined: kind.source.startsWith("_") };
    }
  return undefined;
}

function unknown(
  alias: string,
  architecture: string,
  elsewhere: boolean,
  known: readonly string[],
): WarrenError {
  const first = alias.split("/")[0] ?? alias;
  const near = [...new Set(known)].filter((other) => other.split("/")[0] === first && other !== alias);
  return new WarrenError(
    "NO_IMAGE",
    elsewhere
      ? `the server's "${printable(alias)}" is not for ${architecture}`
      : `the server has no image "${printable(alias)}"`,
    near.length > 0 ? `it has ${near.slice(0, 6).map(printable).join(", ")}` : "check the name",
  );
}
