import { createReadStream, rmSync, type Stats } from "node:fs";
import { chmod, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { WarrenError } from "../spec/errors.ts";
import { printable } from "../spec/name.ts";
import { bytes } from "./format.ts";

/** The error for a file of this host that can't be used. */
export function localError(path: string, error: unknown): WarrenError {
  if (error instanceof WarrenError) return error;
  const shown = path === "" ? '""' : printable(path);
  if ((error as { code?: string }).code === "ENOENT")
    return new WarrenError("NO_FILE", `there is no file ${shown} on this host`, "check the path");
  return new WarrenError(
    "FAILED",
    `${shown} can't be used: ${(error as Error).message}`,
    "check the path and its mode",
  );
}

/** What a file of this host is; a pipe or a device is as good as a file. Throws NO_FILE, FAILED, USAGE for a directory. */
export async function readable(path: string): Promise<Stats> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw isDirectory(path);
    // Opening a pipe takes it from its reader to be.
    if (found.isFile()) await (await open(path)).close();
    return found;
  } catch (error) {
    throw localError(path, error);
  }
}

/** What is in a file, a pipe or a device of this host; Bun's own streams refuse devices. */
export function streamOf(path: string): ReadableStream<Uint8Array> {
  return Readable.toWeb(createReadStream(path)) as unknown as ReadableStream<Uint8Array>;
}

/** A whole text file of this host, at most `most` bytes. Throws NO_FILE, FAILED, USAGE, BAD_VALUE. */
export async function textOf(path: string, most: number): Promise<string> {
  await readable(path);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of streamOf(path)) {
    size += part.length;
    if (size > most)
      throw new WarrenError(
        "BAD_VALUE",
        `${printable(path)} has more than ${bytes(most)}`,
        "name the right file",
      );
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

/** Checks where a file is to be written, before anything is asked for. Throws EXISTS, USAGE, NO_FILE. */
export async function writable(path: string, force: boolean): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) throw isDirectory(path);
  if (there?.isFile() && !force)
    throw new WarrenError("EXISTS", `${printable(path)} is there already`, "give --force to replace it");
  if (there === undefined)
    await stat(dirname(path)).catch((error: unknown) => {
      throw localError(dirname(path), error);
    });
}

/**
 * Writes an answer's body to a file that appears only once it is whole; Ctrl-C leaves nothing of it. A pipe or a device is
 * written to: it must not be replaced.
 */
export async function save(response: Response, path: string, mode: number): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  const special = there !== undefined && !there.isFile();
  const target = special ? path : `${path}.partial-${process.pid}`;
  const drop = (): void => {
    if (!special) rmSync(target, { force: true });
  };
  const leave = (): never => {
    drop();
    process.exit(130);
  };
  process.on("SIGINT", leave);
  process.on("SIGTERM", leave);
  try {
    // Nobody else's to read before it is known who may.
    const file = await open(target, "w", 0o600);
    try {
      if (response.body) for await (const chunk of response.body) await file.writeFile(chunk);
    } finally {
      await file.close();
    }
    if (special) return;
    await chmod(target, mode);
    await rename(target, path);
  } catch (error) {
    drop();
    throw localError(path, error);
  } finally {
    process.off("SIGINT", leave);
    process.off("SIGTERM", leave);
  }
}

const isDirectory = (path: string): WarrenError =>
  new WarrenError("USAGE", `${printable(path)} is a directory`, "name a file");
