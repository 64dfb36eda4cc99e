import { open, rename, rm, rmdir } from "node:fs/promises";
import { WarrenError } from "../../spec/errors.ts";
import { flow } from "../exec/flow.ts";
import { which } from "../exec/index.ts";
import { openCell } from "./confine.ts";
import type { Extracted, ExtractOptions } from "./extract.ts";
import { watchSpace } from "./space.ts";
import { squashfsMeaning } from "./squashfs-text.ts";

/** An hour, as for other archives. */
const LONGEST = 3_600_000;
/** MiB that unsquashfs may keep of data and of fragments each. */
const CACHE = "64";

/**
 * Unpacks a squashfs file system with unsquashfs(1), which reads no pipe: it is written beside the tree first. Owners, modes,
 * times, hard links, `user.*` attributes and file capabilities are kept, device nodes left out and counted. The kernel never mounts
 * it. Throws UNSUPPORTED without the tool, and what `extract` throws.
 */
export async function unpackSquashfs(
  body: ReadableStream<Uint8Array>,
  options: ExtractOptions,
): Promise<Extracted> {
  if (which("unsquashfs") === null) {
    await body.cancel();
    throw new WarrenError(
      "UNSUPPORTED",
      "the archive is squashfs, and this host has no unsquashfs",
      "install squashfs-tools, or use a tar archive of it",
    );
  }
  const { into, at } = options;
  await store(body, `${into}/image`, options);
  const devices = await unpack(options);
  // What was asked for is the tree itself, not a directory with one in it.
  await rm(`${into}/image`);
  await rename(`${into}/tree`, at);
  await rmdir(into);
  await rename(at, into);
  return { devices, links: [] };
}

/** Writes a stream to a file while there is room. */
async function store(
  body: ReadableStream<Uint8Array>,
  path: string,
  { into, reserve, signal, progress }: ExtractOptions,
): Promise<void> {
  const file = await open(path, "wx", 0o644);
  let full: WarrenError | undefined;
  const watch = watchSpace(into, reserve, (why) => {
    full ??= why;
  });
  let bytes = 0;
  try {
    for await (const chunk of body) {
      if (signal?.aborted) throw new WarrenError("CANCELLED", "unpacking was cancelled");
      if (full) throw full;
      await file.writeFile(chunk);
      bytes += chunk.byteLength;
      progress?.(bytes);
    }
  } finally {
    clearInterval(watch);
    await file.close();
  }
}

/** Unpacks `image` into `tree`; resolves with the number of devices that were left out. */
async function unpack(options: ExtractOptions): Promise<number> {
  const whole = await attempt(options, ["-xattrs"]);
  if (typeof whole === "number") return whole;
  // It holds attributes that only the host's root may set, such as labels, and the tool gives up over the first.
  await rm(`${options.into}/tree`, { recursive: true, force: true });
  const plain = await attempt(options, ["-user-xattrs"]);
  if (typeof plain === "number") return plain;
  throw new WarrenError(
    "BAD_VALUE",
    "the squashfs has attributes that can't be set",
    "make it without: mksquashfs -no-xattrs",
  );
}

async function attempt(
  { into, at, largestFile, reserve, signal }: ExtractOptions,
  attributes: readonly string[],
): Promise<number | "attribute"> {
  const cell = await openCell(into, at);
  let devices = 0;
  let failure: WarrenError | "attribute" | undefined;
  try {
    const tool = flow(
      [
        ...cell.enter,
        ...["prlimit", `--fsize=${largestFile}`, "--core=0"],
        ...["unsquashfs", "-no-progress", "-quiet", "-da", CACHE, "-fr", CACHE],
        ...attributes,
        ...["-d", "tree", "image"],
      ],
      {
        cwd: cell.cwd,
        signal,
        timeout: LONGEST,
        onErrorLine: (line) => {
          const meaning = squashfsMeaning(line);
          if (meaning === "device") devices++;
          else if (meaning !== null) failure ??= meaning;
          if (meaning instanceof WarrenError) tool.stop(meaning);
        },
      },
    );
    const watch = watchSpace(into, reserve, tool.stop);
    try {
      const { code } = await tool.ended;
      if (failure) {
        if (failure === "attribute") return failure;
        throw failure;
      }
      // 2 is for faults that it went on after: devices.
      if (code === 0 || (code === 2 && devices > 0)) return devices;
      throw new WarrenError("FAILED", `unsquashfs ended with ${code}`, "see the daemon's log");
    } finally {
      clearInterval(watch);
    }
  } finally {
    cell.close();
  }
}
