// @ts-check

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ name: string, file: string }} Case */
/** @typedef {{ passed: number, failed: number, skipped: Case[], failures: Case[], files: Map<string, Counts> }} Report */

/**
 * Reads bun's JUnit report; only what bun writes is understood, not XML at large.
 * @param {string} xml @returns {Report}
 */
export function readReport(xml) {
  /** @type {Report} */
  const report = { passed: 0, failed: 0, skipped: [], failures: [], files: new Map() };
  for (const [, attributes = "", body = ""] of xml.matchAll(
    /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    // The groups around a test may carry the reason for which they are skipped; bun names the innermost first.
    const groups = attribute(attributes, "classname").split(" > ").reverse();
    const name = [...groups, attribute(attributes, "name")].filter(Boolean).join(" > ");
    const file = attribute(attributes, "file");
    const counts = report.files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    report.files.set(file, counts);
    if (/<skipped\b/.test(body)) {
      report.skipped.push({ name, file });
      counts.skipped += 1;
    } else if (/<(failure|error)\b/.test(body)) {
      report.failures.push({ name, file });
      report.failed += 1;
      counts.failed += 1;
    } else {
      report.passed += 1;
      counts.passed += 1;
    }
  }
  return report;
}

/**
 * One line of counts; a file that could not even be loaded has no test that failed, only bun's exit code tells.
 * @param {Report} report @param {number} code
 */
export function summary({ passed, failed, skipped }, code) {
  const counts = `${passed} passed, ${failed} failed, ${skipped.length} skipped`;
  return code !== 0 && failed === 0 ? `${counts}, but bun test ended with ${code}` : counts;
}

/**
 * The page that is kept of a run; a test's own name carries the reason for which it was skipped.
 * @param {Report} report
 * @param {{ system: string, kernel: string, systemd: string, lxc: string, commit: string, accel: string, targets: string[], code: number }} about
 */
export function renderResult(report, { system, kernel, systemd, lxc, commit, accel, targets, code }) {
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
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit}, ${targets.join(" ")}`,
    `- ${system}, Linux ${kernel}, ${systemd}, LXC ${lxc}, run with ${accel}`,
    `- **${summary(report, code)}**`,
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
