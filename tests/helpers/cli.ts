/** Runs the command line from source, as `bin/warren` does. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `warren ARGS` to its end against the instance at `dir`; `input` is its standard input, none unless told. */
export async function warren(
  dir: string,
  args: readonly string[],
  input?: string | Uint8Array,
): Promise<Ended> {
  const child = Bun.spawn({
    cmd: [process.execPath, MAIN, ...args],
    env: { PATH: process.env.PATH ?? "", WARREN_DIR: dir, TZ: "UTC" },
    stdin: input === undefined ? "ignore" : Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

/** A directory for one instance with room for its socket; `remove` when done. */
export function instanceDir(): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "warren-cli-"));
  mkdirSync(join(dir, "run"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
