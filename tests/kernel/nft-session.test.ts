/** An nft that stays: transactions one after the other, errors told, and its own death survived. */
import { afterEach, beforeEach, expect } from "bun:test";
import { existsSync } from "node:fs";
import { type NftSession, openSession } from "../../src/host/nft/session.ts";
import { eventually } from "../helpers/cgroup-real.ts";
import { childrenWith } from "../helpers/children.ts";
import { requires } from "../helpers/requires.ts";

const { test, missing } = requires("root", "nft");
const TABLE = `inet warren-test-${process.pid}`;
let nft: NftSession;

/** Our nft processes that stay. */
const staying = () => childrenWith("nft", "--interactive");

if (missing === null) {
  beforeEach(async () => {
    nft = openSession();
    await nft.batch(`add table ${TABLE}\nadd set ${TABLE} names { type ifname; }`);
  });
  afterEach(async () => {
    await nft.batch(`delete table ${TABLE}`);
    nft.end();
    await eventually("it is gone", () => staying().length === 0);
  });
}

test("lines are one transaction: all of them, or none and the reason", async () => {
  await nft.batch(`add element ${TABLE} names { "a" }\nadd element ${TABLE} names { "b" }\n`);
  expect(await nft.list(`table ${TABLE}`)).toMatch(/elements = \{ "a",\s+"b" \}/);
  const wrong = nft.batch(`add element ${TABLE} names { "c" }\ndelete element ${TABLE} names { "never" }\n`);
  expect(await wrong.catch((error) => error.message)).toMatch(/^nft: .*No such file or directory/);
  expect(await nft.list(`table ${TABLE}`)).not.toContain('"c"');
  expect(nft.batch("this is no command")).rejects.toThrow(/^nft: ./);
  expect(await nft.list("table inet warren-test-never")).toBe("");
});

test("a thousand changes are done by one process, and a long line is no trouble", async () => {
  const elements = Array.from({ length: 3000 }, (_, i) => `"link${i}"`);
  await nft.batch(`add element ${TABLE} names { ${elements.join(", ")} }`);
  const [pid] = staying();
  for (let i = 0; i < 500; i++)
    await nft.batch(
      `delete element ${TABLE} names { "link${i}" }\nadd element ${TABLE} names { "other${i}" }`,
    );
  const listing = await nft.list(`table ${TABLE}`);
  expect(listing.match(/"(link|other)\d+"/g)).toHaveLength(3000);
  expect(staying()).toEqual([pid!]);
});

test("questions asked at once are answered in turn, each with its own answer", async () => {
  const answers = await Promise.all([
    nft.list(`table ${TABLE}`),
    nft.batch("nonsense").catch(() => "refused"),
    nft.batch(`add element ${TABLE} names { "x" }`),
    nft.list(`set ${TABLE} names`),
  ]);
  expect(answers[0]).not.toContain('"x"');
  expect(answers.slice(1, 3)).toEqual(["refused", undefined]);
  expect(answers[3]).toContain('"x"');
});

test("one that was killed is begun anew", async () => {
  const [before] = staying();
  process.kill(before!, "SIGKILL");
  await eventually("it is gone", () => !staying().includes(before!));
  expect(await nft.list(`table ${TABLE}`)).toContain("set names");
  expect(staying()).toHaveLength(1);
});

test("it keeps no history of what it was told", async () => {
  const at = ["/root", "/", process.cwd()].map((dir) => `${dir}/.nft.history`);
  const before = at.map((path) => existsSync(path));
  // As when its input ends: it does what it does at its end.
  await nft.batch("quit").catch(() => undefined);
  await eventually("it is gone", () => staying().length === 0);
  expect(at.map((path) => existsSync(path))).toEqual(before);
  await nft.list(`table ${TABLE}`);
});
