/** Images of several layers as OCI has them, and servers that give them out: a read-only registry and an image server. */
import { archive, type Entry } from "./archive.ts";

export const sha256 = (bytes: Uint8Array | string): string =>
  new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

/** An OCI image: its blobs by hash, its manifest and its configuration. */
export interface OciImage {
  blobs: Map<string, Uint8Array<ArrayBuffer>>;
  manifest: string;
  /** The layers' archives, unpacked. */
  layers: Uint8Array<ArrayBuffer>[];
  config: string;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text));

/** Makes an image of layers, the lowest first, each compressed with gzip. `config` is what runs its program. */
export function ociImage(
  layers: readonly (readonly Entry[])[],
  config: Record<string, unknown> = {},
  architecture = process.arch === "arm64" ? "arm64" : "amd64",
): OciImage {
  const tars = layers.map(archive);
  const blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  const keep = (bytes: Uint8Array<ArrayBuffer>) => {
    const hash = sha256(bytes);
    blobs.set(hash, bytes);
    return { digest: `sha256:${hash}`, size: bytes.length };
  };
  const configuration = JSON.stringify({
    architecture,
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: tars.map((tar) => `sha256:${sha256(tar)}`) },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: "application/vnd.oci.image.config.v1+json",
      ...keep(bytesOf(configuration)),
    },
    layers: tars.map((tar) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
      ...keep(new Uint8Array(Bun.gzipSync(tar))),
    })),
  });
  keep(bytesOf(manifest));
  return { blobs, manifest, layers: tars, config: configuration };
}

/** The image as an OCI layout in a tar. */
export function ociArchive(image: OciImage): Uint8Array<ArrayBuffer> {
  const manifests = [
    { mediaType: MANIFEST, digest: `sha256:${sha256(image.manifest)}`, size: image.manifest.length },
  ];
  return archive([
    { name: "oci-layout", data: '{"imageLayoutVersion":"1.0.0"}' },
    { name: "index.json", data: JSON.stringify({ schemaVersion: 2, manifests }) },
    { name: "blobs", type: "directory" },
    { name: "blobs/sha256", type: "directory" },
    ...[...image.blobs].map(([hash, data]) => ({ name: `blobs/sha256/${hash}`, data })),
  ]);
}

/** The image as `docker save` wrote it before it wrote OCI layouts. */
export function savedArchive(image: OciImage): Uint8Array<ArrayBuffer> {
  const paths = image.layers.map((_, i) => `layer${i}/layer.tar`);
  return archive([
    ...image.layers.flatMap((data, i): Entry[] => [
      { name: `layer${i}`, type: "directory" },
      { name: paths[i]!, data },
    ]),
    { name: "config.json", data: image.config },
    {
      name: "manifest.json",
      data: JSON.stringify([{ Config: "config.json", RepoTags: ["x:latest"], Layers: paths }]),
    },
  ]);
}

export interface Served extends Disposable {
  /** `localhost:PORT`. */
  host: string;
  /** Paths that were asked for. */
  asked: string[];
}

/** Serves requests on a free port of this host. */
export function serve(answer: (request: Request, path: string) => Response | Promise<Response>): Served {
  const asked: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const path = new URL(request.url).pathname;
      asked.push(path);
      return answer(request, path);
    },
  });
  return { host: `localhost:${server.port}`, asked, [Symbol.dispose]: () => void server.stop(true) };
}

/** A registry that only gives out (distribution-spec 1.1), images by `NAME:TAG`. */
export function registry(images: Readonly<Record<string, OciImage>>): Served {
  const json = (text: string, type: string) => new Response(text, { headers: { "Content-Type": type } });
  return serve((_, path) => {
    if (path === "/v2/") return json("{}", "application/json");
    const [, name = "", kind = "", ref = ""] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    const own = Object.entries(images).filter(([key]) => key.startsWith(`${name}:`));
    const tagged = images[`${name}:${ref}`]?.manifest;
    const blob = own.map(([, image]) => image.blobs.get(ref.replace("sha256:", ""))).find(Boolean);
    if (kind === "manifests" && tagged) return json(tagged, MANIFEST);
    if (kind === "manifests" && blob) return json(Buffer.from(blob).toString(), MANIFEST);
    if (kind === "blobs" && blob) return new Response(blob);
    const errors = [
      { code: kind === "blobs" ? "BLOB_UNKNOWN" : "MANIFEST_UNKNOWN", message: "manifest unknown" },
    ];
    return Response.json({ errors }, { status: 404 });
  });
}
