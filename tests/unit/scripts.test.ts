/** The scripts of `npm run setup`, `npm test` and `npm start`, as far as they decide something. */
import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunPackage } from "../../scripts/steps/bun.mjs";
import { completeRange, FIRST_ID, ID_COUNT, missingRange } from "../../scripts/steps/idrange.mjs";
import { counts } from "../../scripts/steps/junit.mjs";
import { differing } from "../../scripts/steps/npm.mjs";
import { instance } from "../../scripts/steps/place.mjs";
import { ask, holder, listeningInode, lives } from "../../scripts/steps/socket.mjs";
import { grouped } from "../../scripts/steps/suite.mjs";
import * as container from "../../src/spec/container.ts";
import { instanceOf } from "../../src/spec/instance.ts";

const LINE = "root:1000000:1000000000\n";

test("the id range is added once, and only where root lacks it", () => {
  const table: [string, string][] = [
    ["", LINE],
    ["alice:100000:65536\n", LINE],
    ["alice:100000:65536", `\n${LINE}`],
    [LINE, ""],
    ["root:1:4000000000\n", ""],
    ["0:1000000:1000000000\n", ""],
    ["root:1000000:65536\n", LINE],
    ["root:1000000:500000000\nroot:400000000:700000000\n", ""],
    ["root:1000000:500000000\nroot:600000000:700000000\n", LINE],
    ["# root:1000000:1000000000\n", LINE],
  ];
  for (const [text, add] of table) expect(missingRange(text)).toMatchObject({ add });
});

test("someone else's range inside the containers' is told", () => {
  expect(missingRange("alice:1000000:65536\nbob:100000:65536\ncarol:2000000000:5\n").overlaps).toEqual([
    "alice",
  ]);
});

test("a range file is appended to, never rewritten", () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-subuid-"));
  const path = join(dir, "subuid");
  const told: string[] = [];
  writeFileSync(path, "alice:100000:65536", { mode: 0o640 });
  const { ino, mode } = statSync(path);
  expect(completeRange(path, (line) => told.push(line))).toBe(true);
  expect(readFileSync(path, "utf8")).toBe(`alice:100000:65536\n${LINE}`);
  expect(completeRange(path, (line) => told.push(line))).toBe(false);
  expect(statSync(path)).toMatchObject({ ino, mode });
  expect(told).toHaveLength(1);
  rmSync(dir, { recursive: true });
});

test("scripts and sources agree on ids and directories", () => {
  expect([FIRST_ID, ID_COUNT]).toEqual([container.FIRST_ID, container.ID_COUNT]);
  for (const dir of [undefined, "", "/srv/w", "/srv/w/"]) {
    const { state, run, socket } = instanceOf(dir);
    expect(instance(dir ?? "")).toEqual({ state, run, socket });
  }
});

test("the Bun package follows the CPU", () => {
  expect(bunPackage("arm64", "")).toBe("bun-linux-aarch64");
  expect(bunPackage("x64", "flags\t\t: fpu sse4_2 avx avx2 bmi2\n")).toBe("bun-linux-x64");
  expect(bunPackage("x64", "flags\t\t: fpu sse4_2 avx avx256\n")).toBe("bun-linux-x64-baseline");
  expect(() => bunPackage("riscv64", "")).toThrow("the CPU is riscv64");
});

test("npm packages are installed again when one is absent or of another version", () => {
  const wanted = {
    packages: {
      "": {},
      "node_modules/hono": { version: "4.0.0" },
      "node_modules/@oven/bun-linux-aarch64": { version: "1.4.5", optional: true },
    },
  };
  const there = (version?: string) => ({ packages: version ? { "node_modules/hono": { version } } : {} });
  expect(differing(wanted, there("4.0.0"))).toEqual([]);
  expect(differing(wanted, there("3.9.0"))).toEqual(["hono 4.0.0"]);
  expect(differing(wanted, there())).toEqual(["hono 4.0.0"]);
});

const REPORT = `<testsuites>
  <testsuite name="a.test.ts" skipped="2">
    <testcase name="ok" classname="" file="a.test.ts" line="2" />
    <testcase name="x [needs lxc: &quot;lxc-start&quot; not installed]" classname="" file="a.test.ts"><skipped /></testcase>
    <testcase name="later &amp; more" classname="inner &gt; outer" file="a.test.ts">
      <skipped message="TODO" />
    </testcase>
    <testcase name="(unnamed)" classname="g" file="a.test.ts"><skipped /></testcase>
    <testcase name="bad" classname="g" file="a.test.ts"><failure type="AssertionError" message="1 &lt; 2">text</failure></testcase>
  </testsuite>
</testsuites>`;

test("a report's cases are counted and skips carry their reason", () => {
  expect(counts(REPORT, 1)).toEqual({
    passed: 1,
    failed: ["a.test.ts: g > bad\ntext"],
    skipped: [
      'a.test.ts: x [needs lxc: "lxc-start" not installed]',
      "a.test.ts: outer > inner > later & more [no reason given]",
    ],
  });
});

test("a run that ends badly without a failed case is a failure", () => {
  expect(counts("", 139)).toEqual({
    passed: 0,
    failed: ["bun test ended with 139 and names no test"],
    skipped: [],
  });
  expect(counts("", 0)).toEqual({ passed: 0, failed: [], skipped: [] });
});

test("skips of one group are one line, and each reason stays", () => {
  const group = "a.test.ts: on xfs [needs quota: none]";
  const single = "b.test.ts: x [needs kvm: none]";
  expect(grouped([`${group} > one`, single, `${group} > two`])).toEqual([`${group}: 2 tests`, single]);
});

const UNIX = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000003 00000000 00000000 0001 03 15301 /tmp/a/warren.sock
0000000000000000: 00000002 00000000 00010000 0001 01 15300 /tmp/a/warren.sock
0000000000000000: 00000002 00000000 00010000 0001 01 15400 /tmp/a b/warren.sock
`;

test("the listening end of a socket is told from its connections", () => {
  expect(listeningInode("/tmp/a/warren.sock", UNIX)).toBe("15300");
  expect(listeningInode("/tmp/a b/warren.sock", UNIX)).toBe("15400");
  expect(listeningInode("/tmp/none", UNIX)).toBeNull();
});

test("the process that holds a socket is found, and silence is told from an answer", async () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-socket-"));
  const socket = join(dir, "warren.sock");
  expect(await ask(socket, "/v1/version")).toBeNull();
  const server = Bun.serve({ unix: socket, fetch: () => Response.json({ version: "1.2.3" }) });
  expect(await ask(socket, "/v1/version")).toEqual({ status: 200, body: { version: "1.2.3" } });
  expect(holder(socket)).toBe(process.pid);
  await server.stop(true);
  expect(holder(socket)).toBeNull();
  expect([lives(process.pid), lives(2 ** 22 + 1)]).toEqual([true, false]);
  rmSync(dir, { recursive: true });
});

test("npm stop with no daemon says so and is content", () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-stop-"));
  const cmd = ["node", join(import.meta.dir, "../../scripts/stop.mjs")];
  const { exitCode, stdout } = Bun.spawnSync({ cmd, env: { ...Bun.env, WARREN_DIR: dir } });
  expect([exitCode, stdout.toString().trim()]).toEqual([0, `no daemon runs at ${dir}/run/warren.sock`]);
  rmSync(dir, { recursive: true });
});
