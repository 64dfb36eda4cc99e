/** Tests about the repository itself: what belongs to nobody's machine, is pinned, licensed, recorded, reachable. */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { badRecords, deadLinks, strangers, unlocked, unpinned } from "./rules/repository.ts";
import { load, ROOT, repositoryFiles } from "./rules/tree.ts";

const files = repositoryFiles();
const markdown = files.filter((path) => path.endsWith(".md")).map(load);
const text = (path: string, body: string) => ({ path, text: body });

test("names of private hosts and paths of one machine are seen", () => {
  const own = `/${"work"}/main/x`;
  const bad = [
    `deb https:/${"/"}mirror.corp.internal/debian`,
    `http:/${"/"}deb.debian.org/debian`,
    `see ${own}`,
    `"/${"home"}/jane/warren"`,
    `http:/${"/"}10.0.0.7:3142/`,
  ];
  for (const line of bad) expect(strangers([text("a.md", line)]), line).toHaveLength(1);
  const good = [
    "https://www.debian.org/doc",
    "upper/work/x",
    "http://localhost:80/",
    "https://mirror.example/",
    "/home/user/x",
  ];
  for (const line of good) expect(strangers([text("a.md", line)]), line).toEqual([]);
});

test("no private host and no path of one machine is named", () => {
  expect(
    strangers(files.filter((path) => !/^LICENSE$|\.(?:png|svg|zst|xz|gz)$/.test(path)).map(load)),
  ).toEqual([]);
});

test("every dependency is pinned to one version", () => {
  expect(
    unpinned('{"dependencies":{"a":"^1.2.3","b":"1.2.3"},"optionalDependencies":{"c":"latest"}}'),
  ).toEqual(["a ^1.2.3", "c latest"]);
  expect(unpinned(load("package.json").text)).toEqual([]);
});

test("the lock file has every package, also those of other systems", () => {
  const packages = {
    "": { dependencies: { a: "1.0.0" } },
    "node_modules/a": { optionalDependencies: { b: "1.0.0" } },
  };
  expect(unlocked(JSON.stringify({ packages }))).toEqual(["node_modules/a needs b"]);
  expect(unlocked(JSON.stringify({ packages: { ...packages, "node_modules/b": {} } }))).toEqual([]);
  expect(unlocked(load("package-lock.json").text)).toEqual([]);
});

test("the licence is Apache-2.0, in the text and in package.json", () => {
  expect(load("LICENSE").text).toContain(
    "Apache License\n                           Version 2.0, January 2004",
  );
  expect(JSON.parse(load("package.json").text).license).toBe("Apache-2.0");
});

test("every decision record has a number of its own, a title, a status and a date", () => {
  const good = "# 0001. Bun\n\nStatus: accepted\nDate: 2026-11-22\n";
  expect(badRecords([text("docs/decisions/0001-bun.md", good)])).toEqual([]);
  expect(badRecords([text("d/0002-x.md", good)])).toEqual([
    'd/0002-x.md: the first line is not "# 0002. Title"',
  ]);
  expect(badRecords([text("d/0001-x.md", "# 0001. X\n")])).toHaveLength(2);
  expect(badRecords([text("d/0001-x.md", good), text("d/0001-y.md", good)])).toEqual([
    "d/0001-y.md: d/0001-x.md has the same number",
  ]);
  expect(badRecords([text("d/notes.md", good)])).toHaveLength(1);
  const records = markdown.filter(({ path }) => path.startsWith("docs/decisions/"));
  expect(records.length).toBeGreaterThan(3);
  expect(badRecords(records)).toEqual([]);
});

test("every relative link of a page leads somewhere", () => {
  const page = text(
    "docs/a.md",
    "[b](b.md) [c](../README.md#top) [d](https://example.org) `[e](f.md)`\n```\n[g](h.md)\n```\n",
  );
  expect(deadLinks([page], () => false)).toEqual(["docs/a.md: b.md", "docs/a.md: ../README.md"]);
  expect(deadLinks([page], (path) => ["docs/b.md", "README.md"].includes(path))).toEqual([]);
  expect(deadLinks(markdown, (path) => existsSync(join(ROOT, path)))).toEqual([]);
});
