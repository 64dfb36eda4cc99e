import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, fetchText, inGuest } from "./guest.mjs";
import { CACHE, REPOSITORY } from "./places.mjs";
import { readReport, renderResult } from "./report.mjs";
import { Refusal, run, say } from "./tool.mjs";

/** The suites that need a kernel of their own. */
const SUITES = ["tests/kernel", "tests/e2e"];

/** What this machine must have: a test that finds one of them missing fails here instead of being skipped. */
const REQUIRED =
  "root,lxc,lxcfs,uidmap,nft,iproute2,mmdebstrap,busybox,tar,bash,userns,netns,overlay,idmap,cgroup-v2,apparmor,systemd,x64";

/** One test's patience in ms where it names none: emulated instructions take twenty times as long. */
const TEST_TIMEOUT = 180_000;

const RESULT = join(REPOSITORY, "docs", "results", "modern-host.md");
const JUNIT = "/root/junit.xml";

/**
 * Runs the suites, or the files named, in the machine; prints the counts and resolves to the exit code.
 *
 * Words: `--record` keeps the result in docs/results, `--timeout=SECONDS` for the whole (3600), the rest filters files.
 */
export async function suites(machine, words) {
  const filters = words.filter((word) => !word.startsWith("--"));
  const timeout =
    Number(words.find((word) => word.startsWith("--timeout="))?.slice("--timeout=".length) ?? 3600) * 1000;
  const unknown = words.find((word) => word.startsWith("--") && !/^--(record|timeout=\d+)$/.test(word));
  if (unknown) throw new Refusal(`unknown option ${unknown}; there are --record and --timeout=SECONDS`);
  const targets = filters.length > 0 ? filters : SUITES.filter(hasTests);
  if (targets.length === 0) throw new Refusal(`no tests in ${SUITES.join(", ")}`);
  const bun = ["bun", "test", `--timeout=${TEST_TIMEOUT}`, "--reporter=junit", `--reporter-outfile=${JUNIT}`];
  const code = await command(machine, ["env", `REQUIRED=${REQUIRED}`, ...bun, ...targets], { timeout });
  const xml = await fetchText(machine, JUNIT);
  if (xml === undefined) {
    say(`bun test ended with ${code} and left no report`);
    return code || 1;
  }
  const results = join(CACHE, "results");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "junit.xml"), xml);
  const report = readReport(xml);
  const text = renderResult(report, { ...(await facts(machine)), targets, accel: machine.accel });
  writeFileSync(join(results, "result.md"), text);
  if (words.includes("--record")) {
    mkdirSync(join(RESULT, ".."), { recursive: true });
    writeFileSync(RESULT, text);
  }
  say(`report in ${results}${words.includes("--record") ? `, kept in ${RESULT}` : ""}`);
  say(`${report.passed} passed, ${report.failed} failed, ${report.skipped.length} skipped`);
  return code;
}

function hasTests(suite) {
  return readdirSync(join(REPOSITORY, suite), { recursive: true }).some((name) => /\.test\.tsx?$/.test(name));
}

/** What the result holds for: versions in the guest, and the commit with what was changed since. */
async function facts(machine) {
  const { stdout } = await inGuest(
    machine,
    ". /etc/os-release; echo $PRETTY_NAME; uname -r; systemctl --version | head -n 1; lxc-start --version",
  );
  const [system, kernel, systemd, lxc] = stdout.trim().split("\n");
  const git = async (...args) => (await run(["git", "-C", REPOSITORY, ...args])).stdout.trim();
  const changed = (await git("status", "--porcelain")) !== "";
  return {
    system,
    kernel,
    systemd,
    lxc,
    commit: (await git("rev-parse", "--short", "HEAD")) + (changed ? " and changes" : ""),
  };
}
