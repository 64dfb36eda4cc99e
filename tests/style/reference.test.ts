/** The pages of docs/reference/ are what their tables make of them now. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pages } from "../../scripts/reference.ts";
import { ROOT, repositoryFiles } from "./rules/tree.ts";

const made = await pages();

/** First line that differs, so that a failure is short. */
function stale(name: string, text: string, there: string): string | null {
  if (text === there) return null;
  const [want, have] = [text.split("\n"), there.split("\n")];
  const line = want.findIndex((each, i) => each !== have[i]);
  return `${name}:${line + 1} is stale (run \`npm run docs\`): "${have[line] ?? ""}" should be "${want[line] ?? ""}"`;
}

test("a stale page is seen", () => {
  expect(stale("a.md", "1\n2\n", "1\n2\n")).toBeNull();
  expect(stale("a.md", "1\n2\n", "1\n3\n")).toBe('a.md:2 is stale (run `npm run docs`): "3" should be "2"');
  expect(stale("a.md", "1\n2\n", "")).toContain("a.md:1 is stale");
});

for (const [name, text] of Object.entries(made)) {
  test(`docs/reference/${name} is fresh`, () => {
    const path = join(ROOT, "docs", "reference", name);
    expect(stale(name, text, existsSync(path) ? readFileSync(path, "utf8") : "")).toBeNull();
  });
}

test("docs/reference/ holds nothing that isn't made", () => {
  const there = repositoryFiles().filter((path) => path.startsWith("docs/reference/"));
  expect(there.sort()).toEqual(Object.keys(made).map((name) => `docs/reference/${name}`));
});
