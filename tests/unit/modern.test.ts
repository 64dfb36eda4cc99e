/** The step of `npm test -- --v2` that runs the core on the modern host, with programs in the place of the machine's. */
import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runModern } from "../../scripts/steps/modern.mjs";

const LIMIT = 60_000;
/** A program of a shell's lines; the report's name is its `$0`, without the option in front of it `${0#*=}`. */
const shell = (script: string) => ["sh", "-c", script];
const report = (text: string) => `printf '%s' '${text}' > "\${0#*=}"`;

test("what was counted on the machine is counted here", async () => {
  const whole =
    '{"passed":7,"failed":["a.test.ts: bad"],"skipped":["a.test.ts: x [needs kvm: none]"],"done":true}';
  expect(await runModern({ argv: shell(`${report(whole)}; exit 1`), limit: LIMIT })).toEqual({
    passed: 7,
    failed: ["a.test.ts: bad"],
    skipped: ["a.test.ts: x [needs kvm: none]"],
  });
});

test("a machine that can't be had is one skip with the reason", async () => {
  const argv = shell(
    "echo 'v2: building'; echo 'v2: no package qemu' >&2; echo '  at somewhere' >&2; exit 1",
  );
  const why = "the core on the modern host [needs a virtual machine: no package qemu]";
  expect(await runModern({ argv, limit: LIMIT })).toEqual({ passed: 0, failed: [], skipped: [why] });
  const silent = await runModern({ argv: shell("exit 3"), limit: LIMIT });
  expect(silent.skipped).toEqual(["the core on the modern host [needs a virtual machine: ended with 3]"]);
});

test("a failure before the machine was gone stays a failure", async () => {
  const half = '{"passed":2,"failed":["a.test.ts: bad"],"skipped":[],"done":false}';
  const argv = shell(`${report(half)}; echo 'v2: qemu ended'; exit 1`);
  const { passed, failed, skipped } = await runModern({ argv, limit: LIMIT });
  expect([passed, failed, skipped.length]).toEqual([2, ["a.test.ts: bad"], 1]);
});

test("what does not end is ended with all that it started", async () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-modern-test-"));
  const pids = join(dir, "pids");
  const argv = shell(`sleep 600 & echo $! > ${pids}; echo 'v2: booting'; wait`);
  const { skipped, failed } = await runModern({ argv, limit: 500 });
  expect(skipped[0]).toContain("not done within 0.5 s, at last: booting");
  expect(failed).toEqual([]);
  const pid = readFileSync(pids, "utf8").trim();
  const stat = `/proc/${pid}/stat`;
  // Its new parent may not have taken note of its end yet.
  expect(existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"))).toBe(false);
  rmSync(dir, { recursive: true });
});
