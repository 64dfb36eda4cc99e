// @ts-check

import { cases } from "../steps/junit.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ name: string, file: string, why?: string }} Case `why`: what a failure says, several lines */
/** @typedef {{ passed: number, failed: number, skipped: Case[], failures: Case[], files: Map<string, Counts> }} Report */

/** @returns {Report} */
export function emptyReport() {
  return { passed: 0, failed: 0, skipped: [], failures: [], files: new Map() };
}

/**
 * A failure of a whole file: it hung, or did not even load, so that no test of its own failed.
 * @param {Report} report @param {string} file @param {string} name @param {string} [why]
 */
export function addFailure(report, file, name, why = "") {
  report.failures.push({ name, file, why });
  report.failed += 1;
  countsOf(report, file).failed += 1;
}

/** @param {Report} report @param {string} file */
function countsOf(report, file) {
  const counts = report.files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
  report.files.set(file, counts);
  return counts;
}

/**
 * Adds bun's JUnit report. Returns how many failed in it.
 * @param {Report} report @param {string} xml
 */
export function addJunit(report, xml) {
  const before = report.failed;
  for (const { file, name, outcome, why } of cases(xml)) {
    const counts = countsOf(report, file);
    if (outcome === "failed") addFailure(report, file, name, why);
    else counts[outcome] += 1;
    if (outcome === "skipped") report.skipped.push({ name, file });
    if (outcome === "passed") report.passed += 1;
  }
  return { failed: report.failed - before };
}

/**
 * The counts as a program reads them; `done` is false while files are still to come.
 * @param {Report} report @param {boolean} done
 */
export function counted({ passed, failures, skipped }, done) {
  const failed = failures.map(({ name, file, why }) => `modern host: ${file}: ${name}\n${why}`.trimEnd());
  const names = skipped.map(({ name, file }) => `${file}: ${name}`);
  return `${JSON.stringify({ passed, failed, skipped: names, done })}\n`;
}

/**
 * One line of counts.
 * @param {Report} report
 */
export function summary({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
}

/** @typedef {{ system: string, kernel: string, systemd: string, lxc: string, commit: string, accel: string }} About */
/** @typedef {Counts & { commit: string, lines: { Failed: string[], Skipped: string[] } }} Row what came of one file, and at which commit */

/**
 * What a page tells that `renderResult` made, by file.
 * @param {string} page @returns {Map<string, Row>}
 */
function rowsOf(page) {
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {"Failed" | "Skipped"} */
  let list = "Failed";
  for (const line of page.split("\n")) {
    const [, file, passed, failed, skipped, commit] =
      /^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \| ([^|]+) \|$/.exec(line) ?? [];
    if (file && commit)
      rows.set(file, {
        ...{ passed: Number(passed), failed: Number(failed), skipped: Number(skipped), commit },
        lines: { Failed: [], Skipped: [] },
      });
    if (line === "## Failed" || line === "## Skipped") list = /** @type {typeof list} */ (line.slice(3));
    const of = /^- (\S+): /.exec(line)?.[1];
    if (of) rows.get(of)?.lines[list].push(line);
  }
  return rows;
}

/**
 * The page that is kept of runs: under emulation all files take two hours, so each is told with the commit it was last run
 * at. A test's own name carries the reason for which it was skipped.
 * @param {Report} report @param {About} about
 * @param {string} [before] the page as it was, whose other files are told on
 * @param {(file: string) => boolean} [exists] whether a file is still there
 */
export function renderResult(report, about, before = "", exists = () => true) {
  const rows = rowsOf(before);
  /** @param {Case[]} tests @param {string} of */
  const lines = (tests, of) =>
    tests.filter(({ file }) => file === of).map(({ file, name }) => `- ${file}: ${name}`);
  for (const [file, counts] of report.files)
    rows.set(file, {
      ...counts,
      commit: about.commit,
      lines: { Failed: lines(report.failures, file), Skipped: lines(report.skipped, file) },
    });
  const all = [...rows].filter(([file]) => exists(file)).sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = (/** @type {keyof Counts} */ of) => all.reduce((total, [, row]) => total + row[of], 0);
  const list = (/** @type {"Failed" | "Skipped"} */ title) => {
    const found = all.flatMap(([, row]) => row.lines[title]);
    return found.length === 0 ? [] : [`## ${title}`, "", ...found, ""];
  };
  return [
    "# Last runs on the modern host",
    "",
    "Written by `npm run test:v2 -- --record [FILE...]`; see [testing on the modern host](../guides/testing-on-v2.md).",
    "",
    `- ${new Date().toISOString().slice(0, 10)}`,
    `- ${about.system}, Linux ${about.kernel}, ${about.systemd}, LXC ${about.lxc}, run with ${about.accel}`,
    `- **${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped**`,
    "",
    "| file | passed | failed | skipped | commit |",
    "|---|---|---|---|---|",
    ...all.map(([file, r]) => `| ${file} | ${r.passed} | ${r.failed} | ${r.skipped} | ${r.commit} |`),
    "",
    ...list("Failed"),
    ...list("Skipped"),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}
