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

/**
 * The page that is kept of a run; a test's own name carries the reason for which it was skipped.
 * @param {Report} report
 * @param {{ system: string, kernel: string, systemd: string, lxc: string, commit: string, accel: string }} about
 */
export function renderResult(report, { system, kernel, systemd, lxc, commit, accel }) {
  /** @param {string} title @param {Case[]} tests */
  const list = (title, tests) =>
    tests.length === 0 ? [] : [`## ${title}`, "", ...tests.map(({ name, file }) => `- ${file}: ${name}`), ""];
  const rows = [...report.files].map(
    ([file, { passed, failed, skipped }]) => `| ${file} | ${passed} | ${failed} | ${skipped} |`,
  );
  return [
    "# Last run on the modern host",
    "",
    "Written by `npm run test:v2 -- --record`; see [testing on the modern host](../guides/testing-on-v2.md).",
    "",
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit}`,
    `- ${system}, Linux ${kernel}, ${systemd}, LXC ${lxc}, run with ${accel}`,
    `- **${summary(report)}**`,
    "",
    "| file | passed | failed | skipped |",
    "|---|---|---|---|",
    ...rows,
    "",
    ...list("Failed", report.failures),
    ...list("Skipped", report.skipped),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}
