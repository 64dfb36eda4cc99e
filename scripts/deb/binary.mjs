// @ts-check
// The package's own binary: for any CPU of its architecture, and of the version that is asked for.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile } from "../steps/binary.mjs";
import { bunPath } from "../steps/bun.mjs";
import { inClone } from "../steps/place.mjs";
import { Refusal } from "../steps/say.mjs";

/** A package runs on any x86-64, so also on those without AVX2. @returns {string} the Bun that compiles, and is what it compiles into */
function portableBun() {
  if (process.arch !== "x64") return bunPath();
  const path = inClone("node_modules", "@oven", "bun-linux-x64-baseline", "bin", "bun");
  if (!existsSync(path)) throw new Refusal(`${path} is not there`, "run `npm ci --include=optional`");
  return path;
}

/**
 * Builds it from a copy of the sources, because the version stands in package.json.
 * @param {string} work an empty directory @param {string} version @returns {string} its path
 */
export function packageBinary(work, version) {
  const place = join(work, "sources");
  mkdirSync(place, { recursive: true });
  cpSync(inClone("src"), join(place, "src"), { recursive: true });
  const own = JSON.parse(readFileSync(inClone("package.json"), "utf8"));
  writeFileSync(join(place, "package.json"), `${JSON.stringify({ ...own, version }, null, 2)}\n`);
  cpSync(inClone("tsconfig.json"), join(place, "tsconfig.json"));
  symlinkSync(inClone("node_modules"), join(place, "node_modules"));
  const made = join(work, "warren");
  compile({ bun: portableBun(), cwd: place, outfile: made });
  rmSync(place, { recursive: true });
  return made;
}
