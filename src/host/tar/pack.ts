import { WarrenError } from "../../spec/errors.ts";
import { flow } from "../exec/flow.ts";

export const COMPRESSIONS = ["zstd", "gz", "xz", "none"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Quick settings: an export is mostly moved over a network once. */
const PROGRAM: Record<Compression, string | null> = {
  zstd: "zstd -q -T0 -3",
  gz: "gzip -6",
  xz: "xz -T0 -3",
  none: null,
};

/** A day: a slow reader is no fault. */
const LONGEST = 86_400_000;

/** Names in a directory that become the archive's, with all below them. */
export interface Part {
  directory: string;
  names: readonly string[];
  /** A file of further names, each ended by a NUL byte, which are taken without what is below them. */
  list?: string;
}

export interface Packing {
  /** Breaks with FAILED when tar does, and with CANCELLED. */
  stream: ReadableStream<Uint8Array>;
  /** Resolves when tar is gone, in whatever way. */
  over: Promise<void>;
}

/**
 * A tar stream (POSIX format, numeric owners, hard links, ACLs and attributes kept) of `parts` in their order, made as
 * fast as it is read.
 */
export function pack(parts: readonly Part[], compression: Compression, signal?: AbortSignal): Packing {
  const program = PROGRAM[compression];
  const tar = flow(
    [
      "tar",
      "--create",
      "--file=-",
      ...(program ? [`--use-compress-program=${program}`] : []),
      "--format=posix",
      "--pax-option=delete=atime,delete=ctime",
      "--sort=name",
      "--numeric-owner",
      "--acls",
      "--xattrs",
      "--xattrs-include=user.*",
      "--xattrs-include=security.capability",
      "--sparse",
      "--one-file-system",
      ...parts.flatMap(({ directory, names, list }) => [
        `--directory=${directory}`,
        ...names,
        ...(list === undefined ? [] : ["--null", "--no-recursion", `--files-from=${list}`]),
      ]),
    ],
    { signal, timeout: LONGEST },
  );
  const reader = tar.stdout.getReader();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) return controller.enqueue(value);
      const { code, stderr } = await tar.ended;
      if (code !== 0)
        throw new WarrenError("FAILED", `tar ended with ${code}`, "see details.stderr", {
          stderr: stderr.slice(-4000),
        });
      controller.close();
    },
    async cancel() {
      tar.stop(new WarrenError("CANCELLED", "the export was cancelled"));
      // tar's own compressor outlives it, and waits for ever until somebody reads, or nobody can any more.
      await reader.cancel();
    },
  });
  const over = tar.ended.then(
    () => undefined,
    () => undefined,
  );
  return { stream, over };
}
