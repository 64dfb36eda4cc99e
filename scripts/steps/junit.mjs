// @ts-check
// What Bun's JUnit report says.

/** @param {string} text */
const plain = (text) =>
  text
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");

/**
 * Counts the cases of a report. A run that ended badly without a failed case (a file that does not load, a crash) is one failure.
 * @param {string} xml @param {number} code exit code of the run
 * @returns {{ passed: number, failed: number, skipped: string[] }} `skipped` names each case with its file
 */
export function counts(xml, code) {
  let passed = 0;
  let failed = 0;
  /** @type {string[]} */
  const skipped = [];
  for (const [, attributes = "", body = ""] of xml.matchAll(
    /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g,
  )) {
    const of = (/** @type {string} */ name) =>
      plain(new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
    if (/<(failure|error)\b/.test(body)) failed++;
    else if (of("name") === "(unnamed)")
      continue; // a hook of a skipped group, no test
    else if (/<skipped\b/.test(body)) {
      const name = [of("classname").split(" > ").reverse().join(" > "), of("name")]
        .filter(Boolean)
        .join(" > ");
      skipped.push(`${of("file")}: ${/\[needs /.test(name) ? name : `${name} [no reason given]`}`);
    } else passed++;
  }
  if (code !== 0 && failed === 0) failed = 1;
  return { passed, failed, skipped };
}
