// @ts-check
// Running the tests and counting them: each folder is one run of `bun test`, type check and lint count as one test each.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunPath } from "./bun.mjs";
import { follow } from "./command.mjs";
import { counts } from "./junit.mjs";
import { inClone, ROOT } from "./place.mjs";
import { heading } from "./say.mjs";

/** @typedef {{ passed: number, failed: string[], skipped: string[] }} Result `failed`: a name, then lines that say why */

/** Folders of tests in the order they run: the quick ones first, those that share the kernel one after the other. */
export const FOLDERS = ["style", "unit", "contract", "kernel", "e2e"];

/** A test that talks to the kernel may take this long, in ms; it is a net against hanging, not a claim. */
const TEST_TIMEOUT = 120_000;

/** Checks that are one program each. */
export const CHECKS = [
  {
    title: "types",
    argv: [process.execPath, inClone("node_modules", "typescript", "bin", "tsc"), "--noEmit", "-p", ROOT],
  },
  {
    title: "format and lint",
    argv: [process.execPath, inClone("node_modules", "@biomejs", "biome", "bin", "biome"), "check", ROOT],
  },
];

/** @param {{ title: string, argv: string[] }} check @returns {Promise<Result>} */
export async function runCheck({ title, argv }) {
  heading(`\n${title}`);
  const code = await follow(argv, { cwd: ROOT, timeout: 5 * 60_000 });
  console.log(code === 0 ? "  no complaint" : `  ended with ${code}`);
  return {
    passed: code === 0 ? 1 : 0,
    failed: code === 0 ? [] : [`${title}: ended with ${code}`],
    skipped: [],
  };
}

/** @param {string} folder of tests/ @param {string[]} [only] files to run, all unless told @returns {Promise<Result>} */
export async function runFolder(folder, only) {
  const path = inClone("tests", folder);
  const files = only ?? (hasTests(path) ? [path] : []);
  if (files.length === 0) return { passed: 0, failed: [], skipped: [] };
  heading(`\ntests/${folder}`);
  const scratch = mkdtempSync(join(tmpdir(), "warren-junit-"));
  const report = join(scratch, "report.xml");
  const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
  const argv = [bunPath(), "test", `--timeout=${TEST_TIMEOUT}`, ...reporter, ...files];
  const code = await follow(argv, { cwd: ROOT, timeout: 30 * 60_000 });
  const result = counts(existsSync(report) ? readFileSync(report, "utf8") : "", code);
  rmSync(scratch, { recursive: true });
  return result;
}

/** @param {string} path @returns {boolean} */
function hasTests(path) {
  return (
    existsSync(path) &&
    readdirSync(path, { recursive: true }).some((name) => /\.test\.tsx?$/.test(String(name)))
  );
}

/** Adds results up. @param {Result[]} results @returns {Result} */
export const total = (results) => ({
  passed: results.reduce((sum, { passed }) => sum + passed, 0),
  failed: results.flatMap(({ failed }) => failed),
  skipped: results.flatMap(({ skipped }) => skipped),
});

/** Lines of one failure in the summary: enough for a message and its place. */
const LINES = 24;

/**
 * Prints every skip with its reason, then every failure: where only the end of the output is kept, that is what must be in it.
 * @param {Result} result @returns {number} exit code
 */
export function conclude({ passed, failed, skipped }) {
  if (skipped.length > 0) heading("\nskipped");
  for (const line of grouped(skipped)) console.log(`  ${line}`);
  if (failed.length > 0) heading("\nfailed");
  for (const text of failed) console.log(`  ${text.split("\n").slice(0, LINES).join("\n    ")}`);
  console.log(`\n${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length === 0 ? 0 : 1;
}

/**
 * Skipped tests of one group, with the reason in its name, are one line.
 * @param {string[]} skipped @returns {string[]}
 */
export function grouped(skipped) {
  /** @type {Map<string, number>} */
  const lines = new Map();
  for (const name of skipped) {
    const group = /^(.*?\[needs .*\]) > /.exec(name)?.[1] ?? name;
    lines.set(group, (lines.get(group) ?? 0) + 1);
  }
  return [...lines].map(([group, count]) => (count === 1 ? group : `${group}: ${count} tests`));
}
