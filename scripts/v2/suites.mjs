import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, fetchText, inGuest } from "./guest.mjs";
import { CACHE, REPOSITORY } from "./places.mjs";
import { readReport, renderResult, summary } from "./report.mjs";
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
 * What is asked for by the words after `test`: `--record` keeps the result in docs/results, `--timeout=SECONDS` ends
 * it (3600), the rest are files or folders instead of the suites. Throws a Refusal.
 */
export function asked(words) {
  const unknown = words.find((word) => word.startsWith("--") && !/^--(record|timeout=\d+)$/.test(word));
  if (unknown) throw new Refusal(`unknown option ${unknown}; there are --record and --timeout=SECONDS`);
  const named = words.filter((word) => !word.startsWith("--"));
  const targets = named.length > 0 ? named : SUITES.filter(hasTests);
  if (targets.length === 0) throw new Refusal(`no tests in ${SUITES.join(", ")}`);
  const timeout = words.find((word) => word.startsWith("--timeout="))?.slice("--timeout=".length) ?? 3600;
  return { targets, seconds: Number(timeout), record: words.includes("--record") };
}

/** Runs what was asked for in the machine, tells the counts and resolves to the exit code. */
export async function suites(machine, { targets, seconds, record }) {
  const about = await facts(machine);
  const bun = ["bun", "test", `--timeout=${TEST_TIMEOUT}`, "--reporter=junit", `--reporter-outfile=${JUNIT}`];
  const limit = ["timeout", "--kill-after=10", String(seconds)];
  const argv = [...limit, "env", `REQUIRED=${REQUIRED}`, ...bun, ...targets];
  const code = await command(machine, argv, { timeout: (seconds + 60) * 1000 });
  const xml = await fetchText(machine, JUNIT);
  if (xml === undefined) {
    say(code === 124 ? `not done within ${seconds} s` : `bun test ended with ${code} and left no report`);
    return code || 1;
  }
  const results = join(CACHE, "results");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "junit.xml"), xml);
  const report = readReport(xml);
  const text = renderResult(report, { ...about, targets, code, accel: machine.accel });
  writeFileSync(join(results, "result.md"), text);
  if (record) {
    mkdirSync(join(RESULT, ".."), { recursive: true });
    writeFileSync(RESULT, text);
  }
  say(`report in ${results}${record ? `, kept in ${RESULT}` : ""}`);
  say(summary(report, code));
  return code;
}

function hasTests(suite) {
  return readdirSync(join(REPOSITORY, suite), { recursive: true }).some((name) => /\.test\.tsx?$/.test(name));
}

/** What the result holds for: versions in the guest, and the commit with what was changed since. */
async function facts(machine) {
  const { stdout } = await inGuest(
    machine,
    // A report of an earlier run must not pass for this one's.
    `rm -f ${JUNIT}; . /etc/os-release; echo $PRETTY_NAME; uname -r; systemctl --version | head -n 1; lxc-start --version`,
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
