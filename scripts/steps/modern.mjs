// @ts-check
// The core on the modern host: a virtual machine that is built, booted and ended by scripts/v2.mjs. What keeps the
// machine from running says nothing about Warren and is one skip; what fails on the machine has failed.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orphaned, running, stop } from "../v2/machine.mjs";
import { follow } from "./command.mjs";
import { inClone, ROOT } from "./place.mjs";
import { heading, say } from "./say.mjs";

/** For everything, in ms: packages, image, boot, tests. Under emulation on two cores it takes a third of that. */
const LIMIT = 15 * 60_000;

/** For the tests alone, in s; they take about one minute and a half. */
const TESTS = 480;

/** A reason is one line that can be read, in characters. */
const REASON = 240;

/**
 * Runs the core there.
 * @param {{ argv?: string[], limit?: number }} [options] argv: the command, to which `--json=FILE` is added
 * @returns {Promise<import("./suite.mjs").Result>}
 */
export async function runModern({ argv = core(), limit = LIMIT } = {}) {
  heading("\nthe core on the modern host (cgroup v2, systemd, AppArmor)");
  const scratch = mkdtempSync(join(tmpdir(), "warren-modern-"));
  const report = join(scratch, "report.json");
  let last = "";
  const code = await follow([...argv, `--json=${report}`], {
    cwd: ROOT,
    timeout: limit,
    group: true,
    onLine(line) {
      console.log(line);
      if (line.startsWith("v2: ")) last = line.slice("v2: ".length);
    },
  });
  const machine = running();
  if (machine && orphaned(machine)) await stop();
  const result = existsSync(report) ? JSON.parse(readFileSync(report, "utf8")) : {};
  rmSync(scratch, { recursive: true });
  const { passed = 0, failed = [], skipped = [], done = false } = result;
  if (done) return { passed, failed, skipped };
  const why =
    code === 124 ? `not done within ${limit / 1000} s, at last: ${last}` : last || `ended with ${code}`;
  say(`not run to its end on the modern host: ${why.slice(0, REASON)}`);
  const skip = `the core on the modern host [needs a virtual machine: ${why.slice(0, REASON)}]`;
  return { passed, failed, skipped: [...skipped, skip] };
}

const core = () => [process.execPath, inClone("scripts", "v2.mjs"), "test", "--core", `--timeout=${TESTS}`];
