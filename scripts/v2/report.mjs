// @ts-check

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ name: string, file: string }} Case */
/** @typedef {{ passed: number, failed: number, skipped: Case[], failures: Case[], files: Map<string, Counts> }} Report */

/** @returns {Report} */
export function emptyReport() {
  return { passed: 0, failed: 0, skipped: [], failures: [], files: new Map() };
}

/**
 * A failure of a whole file: it hung, or did not even load, so that no test of its own failed.
 * @param {Report} report @param {string} file @param {string} name
 */
export function addFailure(report, file, name) {
  report.failures.push({ name, file });
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
 * Adds bun's JUnit report; only what bun writes is understood, not XML at large. Returns how many failed in it.
 * @param {Report} report @param {string} xml
 */
export function addJunit(report, xml) {
  const before = report.failed;
  for (const [, attributes = "", body = ""] of xml.matchAll(
    /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    // The groups around a test may carry the reason for which they are skipped; bun names the innermost first.
    const groups = attribute(attributes, "classname").split(" > ").reverse();
    const own = attribute(attributes, "name");
    const name = [...groups, own].filter(Boolean).join(" > ");
    const file = attribute(attributes, "file");
    const counts = countsOf(report, file);
    if (/<skipped\b/.test(body)) {
      if (own === "(unnamed)") continue; // a hook of a skipped group, no test
      report.skipped.push({ name, file });
      counts.skipped += 1;
    } else if (/<(failure|error)\b/.test(body)) {
      addFailure(report, file, name);
    } else {
      report.passed += 1;
      counts.passed += 1;
    }
  }
  return { failed: report.failed - before };
}

/**
 * The counts as a program reads them; `done` is false while files are still to come.
 * @param {Report} report @param {boolean} done
 */
export function counted({ passed, failed, skipped }, done) {
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

/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @param {string} text @param {string} name */
function attribute(text, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  return value
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, digits) =>
      String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)),
    )
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, entity) => ENTITIES[entity] ?? "");
}
