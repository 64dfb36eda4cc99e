// @ts-check
// What Bun's JUnit report says; only what bun writes is understood, not XML at large.

/** @typedef {{ file: string, name: string, outcome: "passed" | "failed" | "skipped", why: string }} Case */

/** @type {Record<string, string>} */
const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** @param {string} text */
const plain = (text) =>
  text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_, hex, digits) =>
      String.fromCodePoint(Number.parseInt(digits, hex ? 16 : 10)),
    )
    .replace(/&(amp|lt|gt|quot|apos);/g, (_, entity) => ENTITIES[entity] ?? "");

/** @param {string} text @param {string} name */
const attribute = (text, name) => plain(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? "");

/**
 * The cases of a report. A name begins with the groups around the test, which may carry the reason for a skip.
 * @param {string} xml
 * @returns {Case[]} `why` is the failure's message with its place, several lines, and empty otherwise
 */
export function cases(xml) {
  /** @type {Case[]} */
  const list = [];
  for (const [, attributes = "", body = ""] of xml.matchAll(
    /<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const own = attribute(attributes, "name");
    // bun names the innermost group first
    const groups = attribute(attributes, "classname").split(" > ").reverse();
    const failure = /<(?:failure|error)\b([^>]*?)(?:\/>|>([\s\S]*?)<\/(?:failure|error)>)/.exec(body);
    const skipped = /<skipped\b/.test(body);
    if (skipped && own === "(unnamed)") continue; // a hook of a skipped group, no test
    list.push({
      file: attribute(attributes, "file"),
      name: [...groups, own].filter(Boolean).join(" > "),
      outcome: failure ? "failed" : skipped ? "skipped" : "passed",
      why: failure ? plain(failure[2] ?? "").trim() || attribute(failure[1] ?? "", "message") : "",
    });
  }
  return list;
}

/**
 * Counts the cases of a report. A run that ended badly without a failed case (a file that does not load, a crash) is one failure.
 * @param {string} xml @param {number} code exit code of the run
 * @returns {import("./suite.mjs").Result}
 */
export function counts(xml, code) {
  const all = cases(xml);
  const of = (/** @type {Case["outcome"]} */ outcome) => all.filter((one) => one.outcome === outcome);
  const failed = of("failed").map(({ file, name, why }) => `${file}: ${name}\n${why}`.trimEnd());
  if (code !== 0 && failed.length === 0) failed.push(`bun test ended with ${code} and names no test`);
  return {
    passed: of("passed").length,
    failed,
    skipped: of("skipped").map(
      ({ file, name }) => `${file}: ${/\[needs /.test(name) ? name : `${name} [no reason given]`}`,
    ),
  };
}
