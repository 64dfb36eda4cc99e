// @ts-check
// dist/warren: daemon and command line in one self-contained binary.

import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { bunPath } from "./bun.mjs";
import { capture } from "./command.mjs";
import { inClone, ROOT } from "./place.mjs";
import { Refusal } from "./say.mjs";

export const BINARY = inClone("dist", "warren");
const SOURCES = [inClone("src"), inClone("package.json"), inClone("package-lock.json")];

/** Newest change below a path, in ms. @param {string} path @returns {number} */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

/** Whether the binary is newer than everything it is made from. */
export const isFresh = () =>
  existsSync(BINARY) && SOURCES.every((path) => newest(path) < statSync(BINARY).mtimeMs);

/** Builds it beside the old one and puts it in its place in one step. */
export function build() {
  mkdirSync(inClone("dist"), { recursive: true });
  const made = `${BINARY}.new`;
  compile({ bun: bunPath(), cwd: ROOT, outfile: made });
  renameSync(made, BINARY);
}

/**
 * Compiles the sources below `cwd` into one file. Equal sources make equal files where the file's own name is equal too.
 * @param {{ bun: string, cwd: string, outfile: string }} what bun: the one that compiles, and goes into the file
 */
export function compile({ bun, cwd, outfile }) {
  const argv = [
    bun,
    "build",
    "--compile",
    "--minify",
    "--bytecode",
    "--format=esm",
    // A command loads its own piece; in one piece each would load the daemon.
    "--splitting",
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    `--outfile=${outfile}`,
    join("src", "cli", "main.ts"),
  ];
  const { code, stdout, stderr } = capture(argv, { cwd, timeout: 5 * 60_000 });
  if (code !== 0) throw new Refusal(`bun build ended with ${code}`, (stderr || stdout).trim());
}
