/**
 * Reads bun's JUnit report: `{passed, failed, skipped: [{name, file}], failures: [..], files: Map}`.
 *
 * Only what bun writes is understood, not XML at large.
 */
export function readReport(xml) {
  const report = { passed: 0, failed: 0, skipped: [], failures: [], files: new Map() };
  for (const [, attributes, body] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const name = attribute(attributes, "name");
    const file = attribute(attributes, "file") || attribute(attributes, "classname");
    const counts = report.files.get(file) ?? { passed: 0, failed: 0, skipped: 0 };
    report.files.set(file, counts);
    if (/<skipped\b/.test(body ?? "")) {
      report.skipped.push({ name, file });
      counts.skipped += 1;
    } else if (/<(failure|error)\b/.test(body ?? "")) {
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

/** The page that is kept of a run; a test's own name carries the reason for which it was skipped. */
export function renderResult(report, { system, kernel, systemd, lxc, commit, accel, targets }) {
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
    `- **${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped**`,
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

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function attribute(text, name) {
  const value = new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "";
  return value
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, digits) =>
      String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)),
    )
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, entity) => ENTITIES[entity]);
}
