import { WarrenError } from "../../spec/errors.ts";
import { flow } from "../exec/flow.ts";
import { openCell } from "./confine.ts";
import { watchSpace } from "./space.ts";
import { unpackSquashfs } from "./squashfs.ts";
import { isSquashfs } from "./squashfs-text.ts";
import { decompressor, MAGIC_BYTES, type MissedLink, meaningOf, missedLink, verdict } from "./text.ts";

export interface ExtractOptions {
  /** An empty directory of ours, on the file system the tree is to stay on. */
  into: string;
  /** A path next to it that does not exist, for the mount it takes. */
  at: string;
  /** Bytes that must stay free on that file system. */
  reserve: number;
  /** Most bytes one file may have, holes included. */
  largestFile: number;
  signal?: AbortSignal | undefined;
  /** Also attributes by which an overlay inside the guest marks its own layers; in images they have no meaning. */
  nested?: boolean;
  /** Called with the number of archive bytes read so far. */
  progress?: (bytes: number) => void;
  /**
   * The archive is one of several: hard links to files that are not in it are left out and told. Names are not to be
   * trusted.
   */
  layer?: boolean;
}

export interface Extracted {
  /** Device nodes that were left out. */
  devices: number;
  /** Hard links that were left out, in their order; only of a `layer`. */
  links: MissedLink[];
}

/** Most links that are remembered. */
const LINKS_MOST = 100_000;

/** An hour: a bomb that unpacks to nothing must end too. */
const LONGEST = 3_600_000;

/**
 * Unpacks a tar stream, plain or compressed with gzip, xz or zstd, keeping numeric owners, modes, times, hard links,
 * ACLs, `user.*` attributes and file capabilities; device nodes are left out and counted. A squashfs file system is taken
 * as well, except as a layer or in an export.
 *
 * Throws HOSTILE for an archive that tries to reach outside or to fill the disk, BAD_VALUE for one that is broken,
 * CANCELLED, TIMEOUT, FAILED. `into` may then hold a part of it.
 */
export async function extract(body: ReadableStream<Uint8Array>, options: ExtractOptions): Promise<Extracted> {
  const { head, rest } = await peek(body, MAGIC_BYTES);
  if (head.byteLength === 0) throw new WarrenError("BAD_VALUE", "the archive is empty", "send a tar archive");
  if (isSquashfs(head) && !options.layer && !options.nested) return unpackSquashfs(rest, options);
  const program = decompressor(head);
  const cell = await openCell(options.into, options.at);
  const links: MissedLink[] = [];
  try {
    const tar = flow(
      [
        ...cell.enter,
        "prlimit",
        `--fsize=${options.largestFile}`,
        "--core=0",
        "tar",
        "--extract",
        "--file=-",
        ...(program ? [`--use-compress-program=${program}`] : []),
        "--numeric-owner",
        "--same-owner",
        "--same-permissions",
        "--delay-directory-restore",
        "--acls",
        "--xattrs",
        "--xattrs-include=user.*",
        "--xattrs-include=security.capability",
        ...(options.nested ? [] : ["--xattrs-exclude=user.overlay.*"]),
        "--quoting-style=escape",
        "--warning=no-timestamp",
        "--warning=no-unknown-keyword",
      ],
      {
        input: rest,
        cwd: cell.cwd,
        signal: options.signal,
        timeout: LONGEST,
        // tar would read on to the end of however much there is.
        onErrorLine: (line) => {
          const link = options.layer && links.length < LINKS_MOST ? missedLink(line) : undefined;
          if (link) return void links.push(link);
          const meaning = meaningOf(line);
          if (meaning instanceof WarrenError) tar.stop(meaning);
        },
        ...onInput(options.progress),
      },
    );
    const watch = watchSpace(options.into, options.reserve, tar.stop);
    try {
      const { code, stderr } = await tar.ended;
      const { devices, failure } = verdict(code, stderr, options.layer);
      if (failure) throw failure;
      return { devices, links };
    } finally {
      clearInterval(watch);
    }
  } finally {
    cell.close();
  }
}

const onInput = (told: ((bytes: number) => void) | undefined) => (told ? { onInput: told } : {});

/** The first `count` bytes of a stream, and the stream with them still in front. */
async function peek(
  body: ReadableStream<Uint8Array>,
  count: number,
): Promise<{ head: Uint8Array; rest: ReadableStream<Uint8Array> }> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  for (let have = 0; have < count; ) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    have += value.byteLength;
  }
  const head = new Uint8Array(Buffer.concat(chunks));
  let first: Uint8Array | undefined = head;
  const rest = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (first) {
        controller.enqueue(first);
        first = undefined;
        return;
      }
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (why) => reader.cancel(why),
  });
  return { head: head.subarray(0, count), rest };
}
