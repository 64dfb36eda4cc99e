import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { request } from "./request.ts";

export interface DownloadOptions {
  url: string;
  /** Where it is kept, under its hash, until it is used; what a broken attempt left there is gone on with. */
  directory: string;
  size: number;
  /** 64 hex digits. */
  sha256: string;
  /** Bytes it may have here. */
  room: number;
  signal: AbortSignal;
  progress(bytes: number): void;
}

/** A file that is whole and what was asked for; gone when it is disposed of. */
export interface File extends AsyncDisposable {
  path: string;
}

/** How often in a row nothing may come before it is given up, and milliseconds between the first two attempts. */
const ATTEMPTS = 4;
const PAUSE = 500;

/** Fetches a file, going on where a broken connection left off. Throws FAILED, HOSTILE, CANCELLED. */
export async function download(o: DownloadOptions): Promise<File> {
  if (o.size > o.room)
    throw new WarrenError(
      "FAILED",
      `the image has ${o.size} bytes, more than there is room for`,
      "make room and try again",
    );
  mkdirSync(o.directory, { recursive: true, mode: 0o700 });
  const path = `${o.directory}/${o.sha256}`;
  const resumed = sizeOf(path) > 0;
  await complete(path, o);
  if ((await hashOf(path, o.signal)) !== o.sha256) {
    rmSync(path);
    // What an earlier attempt left may have been spoilt here: once more from the start.
    if (!resumed) throw altered(o);
    await complete(path, o);
    if ((await hashOf(path, o.signal)) !== o.sha256) {
      rmSync(path);
      throw altered(o);
    }
  }
  return { path, [Symbol.asyncDispose]: async () => rmSync(path, { force: true }) };
}

const altered = ({ url, sha256 }: DownloadOptions): WarrenError =>
  new WarrenError(
    "FAILED",
    `${url} is not what the server's index says: its sha256 is not ${sha256}`,
    "try again later; nothing of it was used",
  );

/** Brings the file to its full size. */
async function complete(path: string, o: DownloadOptions): Promise<void> {
  let most = sizeOf(path);
  for (let idle = 0; sizeOf(path) !== o.size; ) {
    try {
      await part(path, o);
      if (sizeOf(path) < o.size)
        throw new WarrenError("FAILED", `${o.url} ends too early`, "try again later");
    } catch (thrown) {
      if (!(thrown instanceof WarrenError) || thrown.code !== "FAILED" || thrown.details?.final) throw thrown;
      // A server that begins anew each time gets nowhere, however much it sends.
      idle = sizeOf(path) > most ? 0 : idle + 1;
      most = Math.max(most, sizeOf(path));
      if (idle >= ATTEMPTS) throw thrown;
      await Bun.sleep(PAUSE * Math.max(1, idle));
      if (o.signal.aborted) throw new WarrenError("CANCELLED", "fetching was cancelled");
    }
  }
}

/** One request, from where the file ends; HTTP ranges, RFC 9110 section 14. */
async function part(path: string, o: DownloadOptions): Promise<void> {
  let have = sizeOf(path);
  if (have > o.size) {
    truncateSync(path, 0);
    have = 0;
  }
  const answer = await request(o.url, have > 0 ? { Range: `bytes=${have}-` } : {}, o.signal);
  const starts = Number(/^bytes (\d+)-/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? 0);
  const goesOn = answer.status === 206 && starts === have;
  if (!goesOn && answer.status !== 200) {
    for await (const _ of answer.pieces()) break;
    // A range that can't be had: from the start then.
    if (have > 0) truncateSync(path, 0);
    throw new WarrenError("FAILED", `${o.url} answered ${answer.status}`, "try again later", {
      final: have === 0 && answer.status < 500,
    });
  }
  const file = openSync(path, goesOn ? "a" : "w", 0o600);
  if (!goesOn) have = 0;
  try {
    for await (const piece of answer.pieces()) {
      have += piece.length;
      if (have > o.size)
        throw new WarrenError(
          "HOSTILE",
          `${o.url} has more bytes than its index says`,
          "do not use that server",
        );
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at);
      o.progress(have);
    }
  } finally {
    closeSync(file);
  }
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

async function hashOf(path: string, signal: AbortSignal): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const piece of streamOf(path)) {
    if (signal.aborted) throw new WarrenError("CANCELLED", "fetching was cancelled");
    hasher.update(piece);
  }
  return hasher.digest("hex");
}

/** The bytes of a file of ours. */
export const streamOf = (path: string): ReadableStream<Uint8Array> => Bun.file(path).stream();

/** Takes broken downloads away that nobody has gone on with for `age` ms. */
export function forget(directory: string, age: number): void {
  for (const name of statSync(directory, { throwIfNoEntry: false }) ? readdirSync(directory) : []) {
    const path = `${directory}/${name}`;
    if (Date.now() - statSync(path).mtimeMs > age) rmSync(path, { force: true });
  }
}
