// @ts-check
// The npm packages, exactly as package-lock.json names them.

import { existsSync, readFileSync } from "node:fs";
import { follow } from "./command.mjs";
import { inClone, ROOT } from "./place.mjs";
import { Refusal, say } from "./say.mjs";

/**
 * What differs between the lock file and what is installed; optional packages (other CPUs) may be absent.
 * @param {{ packages: Record<string, { version?: string, optional?: boolean }> }} wanted package-lock.json
 * @param {{ packages: Record<string, { version?: string }> }} there node_modules/.package-lock.json
 */
export function differing(wanted, there) {
  const differs = Object.entries(wanted.packages).filter(([path, entry]) => {
    if (path === "") return false;
    const installed = there.packages[path];
    return installed ? installed.version !== entry.version : entry.optional !== true;
  });
  return differs.map(([path, entry]) => `${path.replace(/^.*node_modules\//, "")} ${entry.version}`);
}

/** Packages to install: by the lock file, npm's own note of what it installed, and what is really on disk. */
export function missingModules() {
  const wanted = JSON.parse(readFileSync(inClone("package-lock.json"), "utf8"));
  const note = inClone("node_modules", ".package-lock.json");
  if (!existsSync(note)) return Object.keys(wanted.packages).slice(1);
  const there = JSON.parse(readFileSync(note, "utf8"));
  const gone = Object.keys(there.packages).filter((path) => !existsSync(inClone(path, "package.json")));
  return [...differing(wanted, there), ...gone];
}

/** Installs them. @param {string[]} missing */
export async function installModules(missing) {
  say(
    `npm: installing ${missing.length} packages (Bun, TypeScript, Biome and what they need), about half a minute`,
  );
  /** @type {string[]} */
  const said = [];
  // no install script runs: every package is used as it is packed
  const argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const code = await follow(argv, { cwd: ROOT, timeout: 15 * 60_000, onLine: (line) => said.push(line) });
  if (code === 0) return say("npm: installed");
  const why = said
    .map((line) => line.replace(/^npm error ?/, ""))
    .find((line) => line !== "" && !/^(code |A complete log|Usage)/.test(line));
  throw new Refusal(
    `npm ci ended with ${code}: ${why ?? "it said nothing"}`,
    "see that the registry can be reached, then run it again",
  );
}
