// @ts-check
// /etc/subuid and /etc/subgid: root must own the ids that containers get, or newuidmap refuses to map them.

import { appendFileSync, readFileSync } from "node:fs";

export const FIRST_ID = 1_000_000;
export const ID_COUNT = 1_000_000_000;
const LINE = `root:${FIRST_ID}:${ID_COUNT}`;

/**
 * The ranges a file gives, as half-open intervals.
 * @param {string} text
 */
export function ranges(text) {
  return text.split("\n").flatMap((line) => {
    const [, owner, first, count] = /^([^:#\s]+):(\d+):(\d+)\s*$/.exec(line) ?? [];
    return owner ? [{ owner, from: Number(first), to: Number(first) + Number(count) }] : [];
  });
}

/**
 * What must be added, and whose ranges overlap the one containers get.
 * @param {string} text
 */
export function missingRange(text) {
  const all = ranges(text);
  const end = FIRST_ID + ID_COUNT;
  const isRoot = (/** @type {{ owner: string }} */ range) => range.owner === "root" || range.owner === "0";
  let covered = FIRST_ID;
  for (const range of all.filter(isRoot).sort((a, b) => a.from - b.from)) {
    if (range.from <= covered) covered = Math.max(covered, range.to);
  }
  const others = all.filter((range) => !isRoot(range) && range.from < end && range.to > FIRST_ID);
  const lineBreak = text === "" || text.endsWith("\n") ? "" : "\n";
  return { add: covered >= end ? "" : `${lineBreak}${LINE}\n`, overlaps: others.map((range) => range.owner) };
}

/**
 * Completes one file: a single append, nothing that is there is touched.
 * @param {string} path
 * @param {(line: string) => void} tell
 * @returns {boolean} whether it was changed
 */
export function completeRange(path, tell) {
  const { add, overlaps } = missingRange(readOrEmpty(path));
  for (const owner of overlaps) {
    tell(
      `${path}: ids of ${owner} overlap those Warren gives to containers (from ${FIRST_ID}); move them apart`,
    );
  }
  if (!add) return false;
  appendFileSync(path, add, { mode: 0o644 });
  tell(`${path}: added ${LINE} (the ids containers get)`);
  return true;
}

/** Whether a file lacks the range. @param {string} path */
export const lacksRange = (path) => missingRange(readOrEmpty(path)).add !== "";

/** @param {string} path */
function readOrEmpty(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
