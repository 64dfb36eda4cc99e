import { mkdir } from "node:fs/promises";
import { download, fetchText, streamOf } from "../host/download/index.ts";
import { findRoot } from "../host/image/index.ts";
import { openLayout } from "../host/oci/index.ts";
import { fetchImage } from "../host/skopeo/index.ts";
import { extract } from "../host/tar/index.ts";
import type { Pulled } from "../plan/source.ts";
import { below, findProduct, imagesPath } from "../plan/streams.ts";
import type { ImageSources } from "../spec/config.ts";
import { WarrenError } from "../spec/errors.ts";
import { flatten } from "./image-layers.ts";
import type { Made } from "./image-source.ts";
import { spaceAt } from "./image-space.ts";
import type { Work } from "./operation.ts";

type Doing = Pick<Work, "signal" | "progress">;

/** Where a fetched image is made: an empty `root`, a `scratch` that does not exist, and a place for broken downloads. */
export interface PullPlace {
  root: string;
  scratch: string;
  downloads: string;
}

/** The platform of this host as OCI names it. */
export const PLATFORM = `linux/${process.arch === "arm64" ? "arm64" : "amd64"}`;

/** Fetches the tree of `wanted` into `at.root`. Throws NO_IMAGE, DENIED, REFUSED, UNSUPPORTED, HOSTILE, FAILED, CANCELLED. */
export async function pullTree(
  wanted: Pulled,
  at: PullPlace,
  sources: ImageSources,
  work: Doing,
): Promise<Made> {
  await mkdir(at.scratch, { mode: 0o700 });
  return wanted.kind === "registry"
    ? fromRegistry(wanted, at, sources, work)
    : fromServer(wanted, at, sources, work);
}

async function fromRegistry(
  { reference, registry, alias }: Extract<Pulled, { kind: "registry" }>,
  { root, scratch }: PullPlace,
  { registries }: ImageSources,
  work: Doing,
): Promise<Made> {
  work.progress("fetching", 0, 0, "bytes");
  const into = `${scratch}/layout`;
  await fetchImage({
    reference,
    registry,
    into,
    insecure: registries.insecure.includes(registry),
    signal: work.signal,
    progress: (bytes) => work.progress("fetching", bytes, 0, "bytes"),
    env: proxies(),
  });
  using layout = openLayout(into, PLATFORM);
  if (!layout) throw new WarrenError("FAILED", "skopeo wrote no OCI layout", "see the daemon's log");
  const { app, architecture } = await flatten(layout, { root, scratch }, true, work);
  return { root, description: reference, source: alias, app, architecture };
}

/** The operator's words on how the outside is reached: tools hear them only when told. */
function proxies(): Record<string, string> {
  const names = ["http_proxy", "https_proxy", "no_proxy", "all_proxy"];
  const known = [...names, ...names.map((name) => name.toUpperCase()), "SSL_CERT_FILE", "SSL_CERT_DIR"];
  return Object.fromEntries(known.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** Bytes of an index and of a list of products that are read; the largest known have some 5 MB. */
const INDEX_MOST = 1 << 20;
const PRODUCTS_MOST = 64 << 20;

async function fromServer(
  { server, product, alias }: Extract<Pulled, { kind: "server" }>,
  { root, scratch, downloads }: PullPlace,
  { imageServers }: ImageSources,
  work: Doing,
): Promise<Made> {
  const { signal } = work;
  const base = imageServers[server]!;
  work.progress("reading the server's index");
  const index = await fetchText(below(base, "streams/v1/index.json"), INDEX_MOST, signal);
  const products = await fetchText(below(base, imagesPath(index)), PRODUCTS_MOST, signal);
  const found = findProduct(products, product, process.arch === "arm64" ? "arm64" : "amd64");
  const { file, version, title } = found;
  await using archive = await download({
    url: below(base, file.path),
    directory: downloads,
    size: file.size,
    sha256: file.sha256,
    room: spaceAt(scratch).largestFile,
    signal,
    progress: (bytes) => work.progress("fetching", bytes, file.size, "bytes"),
  });
  const into = file.combined ? `${scratch}/unpacked` : root;
  if (file.combined) await mkdir(into, { mode: 0o755 });
  await extract(streamOf(archive.path), {
    into,
    at: `${scratch}/shifted`,
    ...spaceAt(scratch),
    signal,
    progress: (bytes) => work.progress("unpacking", bytes, file.size, "bytes"),
  });
  return {
    root: file.combined ? findRoot(into).root : root,
    description: `${title} (${version})`,
    source: alias,
  };
}
