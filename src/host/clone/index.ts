/**
 * Copies of a container's files: what it wrote above its image, with all that overlay keeps beside it.
 *
 * What must never happen here: a link of the guest's followed, a copy that lacks an attribute, a hole or a hard link.
 */
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { run } from "../exec/index.ts";
import { snapshotSubvolume } from "./btrfs.ts";

/** Whether the file system made the copy in one step, or each file was copied. */
export type CloneMethod = "instant" | "copy";

/** Milliseconds a copy may take: six hours. */
const LONGEST = 21_600_000;

/**
 * Makes the directory `to`, which is not there, of the container's directory or snapshot `from`: the same `upper`, an empty
 * `work`, nothing else. On btrfs a snapshot, which takes no time and no room; else by cp(1), which shares blocks where
 * the file system can. `make` makes the directory for the files to be copied into. Throws FAILED, CANCELLED.
 */
export async function cloneFiles(
  from: string,
  to: string,
  make: () => void,
  signal?: AbortSignal,
): Promise<CloneMethod> {
  const instant = snapshotSubvolume(from, to);
  if (instant) {
    for (const name of readdirSync(to))
      if (name !== "upper") rmSync(`${to}/${name}`, { recursive: true, force: true });
    chmodSync(to, 0o700);
  } else {
    make();
    await copyTree(`${from}/upper`, `${to}/upper`, signal);
  }
  // What overlay had under way there belongs to the other.
  mkdirSync(`${to}/work`, { mode: 0o700 });
  return instant ? "instant" : "copy";
}

/**
 * Copies a tree to `to`, which is not there: owners, modes, times, ACLs, all attributes, hard links, holes, device nodes
 * (overlay's marks for what was deleted are such). Throws REFUSED for paths that are too long, FAILED, CANCELLED.
 */
export async function copyTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await cp(["-T", "--", from, to], signal);
}

/**
 * The same into a tree that is there: files and links take the place of those of their name, directories become one. A
 * directory and something else under one name is an error. Throws as `copyTree`.
 */
export async function mergeTree(from: string, to: string, signal?: AbortSignal): Promise<void> {
  await cp(["--remove-destination", "-T", "--", from, to], signal);
}

async function cp(words: readonly string[], signal?: AbortSignal): Promise<void> {
  const argv = ["cp", "-a", "--reflink=auto", "--sparse=auto", ...words];
  try {
    await run(argv, { timeout: LONGEST, signal });
  } catch (error) {
    throw isTooDeep(error) ? tooDeep() : error;
  }
}

/** cp(1) names files by path, and a guest can nest directories deeper than one can be. */
const isTooDeep = (error: unknown): boolean =>
  error instanceof WarrenError && /File name too long/.test(String(error.details?.stderr));
const tooDeep = (): WarrenError =>
  new WarrenError(
    "REFUSED",
    "the container has directories nested deeper than a path can name",
    "move them up, or keep the container on btrfs",
  );

/** Returns when what was written to the file system of `path` will outlast a power cut. */
export async function flush(path: string, signal?: AbortSignal): Promise<void> {
  await run(["sync", "--file-system", path], { timeout: 600_000, signal });
}
