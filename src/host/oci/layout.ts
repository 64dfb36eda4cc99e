import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { openInRoot } from "../syscall/index.ts";
import { choose, type Descriptor, diffIds, parseJson, readManifest, readSaved } from "./text.ts";

/** A layer's archive, as it lies there. */
export interface Layer {
  size: number;
  /** Throws BAD_VALUE when its content is not what the manifest names. */
  verify(signal: AbortSignal): Promise<void>;
  read(): ReadableStream<Uint8Array>;
}

export interface Layout extends Disposable {
  /** The image's configuration, as JSON says it. */
  config: Record<string, unknown>;
  /** The lowest first. */
  layers: Layer[];
}

const O_PATH = 0o10000000;
/** Bytes of an index, a manifest or a configuration that are read; real ones have some thousands. */
const JSON_MOST = 4 << 20;
/** An index may lead to another; nobody needs more of them. */
const DEEPEST = 3;

/**
 * Opens the OCI layout or the unpacked docker-save archive in `directory`, for `platform` (`linux/amd64`); `undefined`
 * when it is neither. Throws BAD_VALUE, UNSUPPORTED. The descriptors it holds are the caller's to dispose of.
 */
export function openLayout(directory: string, platform: string): Layout | undefined {
  const top = openSync(directory, O_PATH | constants.O_DIRECTORY);
  const open: number[] = [top];
  const layout = { [Symbol.dispose]: () => open.forEach(closeSync) };
  const file = (path: string): number => {
    const fd = regular(top, path);
    open.push(fd);
    return fd;
  };
  const json = (path: string, hash?: string) => {
    const text = readSmall(top, path);
    if (hash !== undefined && sha256(text) !== hash) throw altered(path);
    return text.toString("utf8");
  };
  const blob = ({ hash }: Descriptor): string => `blobs/sha256/${hash}`;
  try {
    if (there(top, "oci-layout") && there(top, "index.json")) {
      let at = readManifest(parseJson(json("index.json"), "index.json"));
      for (let depth = 0; at.kind === "index"; depth++) {
        if (depth > DEEPEST)
          throw new WarrenError("BAD_VALUE", "the image's indexes never end", "do not use it");
        const next = choose(at.manifests, platform);
        at = readManifest(parseJson(json(blob(next), next.hash), "a manifest"));
      }
      const { config, layers } = at;
      return Object.assign(layout, {
        config: parseJson(json(blob(config), config.hash), "the configuration"),
        layers: layers.map((one) => layerOf(file(blob(one)), one.hash)),
      });
    }
    if (there(top, "manifest.json") && !there(top, "etc")) {
      const saved = readSaved(json("manifest.json"));
      const config = parseJson(json(saved.config), "the configuration");
      const hashes = diffIds(config);
      const layers = saved.layers.map((path, i) => layerOf(file(path), hashes[i] ?? ""));
      return Object.assign(layout, { config, layers });
    }
    layout[Symbol.dispose]();
    return undefined;
  } catch (error) {
    layout[Symbol.dispose]();
    throw error;
  }
}

const sha256 = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

const altered = (what: string): WarrenError =>
  new WarrenError("BAD_VALUE", `the image is broken: ${what} is not what its hash says`, "fetch it again");

function layerOf(fd: number, hash: string): Layer {
  return {
    size: fstatSync(fd).size,
    async verify(signal) {
      const hasher = new Bun.CryptoHasher("sha256");
      for await (const chunk of from(fd)) {
        if (signal.aborted) throw new WarrenError("CANCELLED", "checking the image was cancelled");
        hasher.update(chunk);
      }
      if (hasher.digest("hex") !== hash) throw altered("a layer");
    },
    read: () => from(fd),
  };
}

const CHUNK = 1 << 20;

/** The bytes of an open file from its beginning; each chunk is a turn of the loop, so that others are served. */
function from(fd: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await new Promise((resolve) => setImmediate(resolve));
        const chunk = Buffer.alloc(CHUNK);
        const length = readSync(fd, chunk, 0, CHUNK, at);
        at += length;
        if (length === 0) controller.close();
        else controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, length));
      },
    },
    { highWaterMark: 0 },
  );
}

/** Opens a regular file below `top`. docker-save archives link equal layers, so links are followed, never outside. */
function regular(top: number, path: string): number {
  let fd: number;
  try {
    fd = openInRoot(top, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    throw new WarrenError(
      "BAD_VALUE",
      `the image is broken: ${path.slice(0, 90)} is missing`,
      "fetch it again",
    );
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new WarrenError("HOSTILE", `${path.slice(0, 90)} in the image is not a file`, "do not use it");
}

function readSmall(top: number, path: string): Buffer {
  const fd = regular(top, path);
  try {
    const { size } = fstatSync(fd);
    if (size > JSON_MOST)
      throw new WarrenError(
        "HOSTILE",
        `${path.slice(0, 90)} in the image has ${size} bytes`,
        "do not use it",
      );
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(fd, bytes, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}

function there(top: number, path: string): boolean {
  try {
    closeSync(openInRoot(top, path, O_PATH));
    return true;
  } catch {
    return false;
  }
}
