import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { command, GUEST_TMPDIR, greets, inGuest, pushGuestImages } from "./guest.mjs";
import { running } from "./machine.mjs";
import { CACHE, machinePlaces, REPOSITORY } from "./places.mjs";
import { addFailure, addJunit, counted, emptyReport, renderResult, summary } from "./report.mjs";
import { Refusal, run, say } from "./tool.mjs";

/** Where the last report lies. */
const RESULTS = join(CACHE, "results");

/** The suites that need a kernel of their own. */
const SUITES = ["tests/contract", "tests/kernel", "tests/e2e"];

/** What tells in a few minutes whether Warren works there: its doors, what it builds on, and itself from launch to delete. */
const CORE = [
  "tests/contract/cgroup.test.ts",
  "tests/kernel/modern-host.test.ts",
  "tests/e2e/modern-core.test.ts",
];

/** What this machine must have: a test that finds one of them missing fails here instead of being skipped. */
const REQUIRED =
  "root,lxc,lxcfs,uidmap,nft,iproute2,mmdebstrap,busybox,tar,bash,userns,netns,overlay,idmap,btrfs,e2fsprogs,squashfs,skopeo,project-quota,cgroup-v2,apparmor,systemd,x64";

/** One test's patience in ms where it names none: emulated instructions take twenty times as long. */
const TEST_TIMEOUT = 180_000;

/** How much wider the limits are that tests name for the machines they were written on. */
const PATIENCE = 10;

/** One file's patience in seconds: a file that hangs must not cost the others their turn. */
const FILE_SECONDS = 1800;

/** What files import that need images of Debian. */
const GUEST_IMAGE = "helpers/guest-image.ts";

const RESULT = join(REPOSITORY, "docs", "results", "modern-host.md");
const JUNIT = "/root/junit.xml";

/**
 * What is asked for by the words after `test`: `--record` keeps the result in docs/results, `--timeout=SECONDS` ends
 * it (7200), `--core` chooses the core, `--json=FILE` keeps the counts for a program; the rest are files or folders
 * instead of the suites. Throws a Refusal.
 */
export function asked(words) {
  const known = /^--(record|core|timeout=\d+|json=.+)$/;
  const unknown = words.find((word) => word.startsWith("--") && !known.test(word));
  if (unknown)
    throw new Refusal(
      `unknown option ${unknown}; there are --record, --core, --timeout=SECONDS and --json=FILE`,
    );
  const value = (name) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
  const core = words.includes("--core") ? CORE : [];
  const named = [...core, ...words.filter((word) => !word.startsWith("--"))];
  const files = (named.length > 0 ? named : SUITES).flatMap(testFiles);
  if (files.length === 0) throw new Refusal(`no tests in ${SUITES.join(", ")}`);
  return {
    files,
    seconds: Number(value("timeout") ?? 7200),
    record: words.includes("--record"),
    json: value("json"),
    everything: named.length === 0,
  };
}

/** Runs what was asked for in the machine, one file after the other, tells the counts and resolves to the exit code. */
export async function suites(machine, { files, seconds, record, json }) {
  const about = { ...(await facts(machine)), accel: machine.accel };
  const end = Date.now() + seconds * 1000;
  const report = emptyReport();
  if (files.some((file) => readFileSync(join(REPOSITORY, file), "utf8").includes(GUEST_IMAGE)))
    await pushGuestImages(machine);
  // What was copied in is to be there also when the kernel stops.
  await inGuest(machine, "sync", { timeout: 120_000 });
  for (const file of files) {
    const left = Math.min(FILE_SECONDS, Math.floor((end - Date.now()) / 1000));
    if (left > 0) await runFile(machine, file, left, report);
    else addFailure(report, file, `not run: the ${seconds} s for all were over`);
    // After each file: whoever ends us before the last one still learns what came of the others.
    if (json) writeFileSync(json, counted(report, file === files.at(-1)));
    if (record) keep(report, about);
  }
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, "result.md"), renderResult(report, about));
  for (const { file, name } of report.failures) say(`failed: ${file}: ${name}`);
  say(`report in ${RESULTS}${record ? `, kept in ${RESULT}` : ""}`);
  say(summary(report));
  return report.failed === 0 ? 0 : 1;
}

/** Tells in the page of the clone what came of the files of this run, beside those of earlier ones. */
function keep(report, about) {
  mkdirSync(join(RESULT, ".."), { recursive: true });
  const before = existsSync(RESULT) ? readFileSync(RESULT, "utf8") : "";
  writeFileSync(
    RESULT,
    renderResult(report, about, before, (file) => existsSync(join(REPOSITORY, file))),
  );
}

/**
 * Runs one file in a process of its own and adds what came of it to the report. A kernel that stops meanwhile boots anew, and
 * the file has one more try: emulators now and then trip over a kernel that changes its own code (`Oops: int3`).
 */
async function runFile(machine, file, seconds, report, tries = 2) {
  const before = await bootId(machine);
  const bun = [
    "bun",
    "test",
    "--preload=./tests/helpers/patient.ts",
    `--timeout=${TEST_TIMEOUT}`,
    "--reporter=junit",
    `--reporter-outfile=${JUNIT}`,
  ];
  const limit = ["timeout", "--kill-after=10", String(seconds)];
  const env = ["env", `TMPDIR=${GUEST_TMPDIR}`, `REQUIRED=${REQUIRED}`, `WARREN_PATIENCE=${PATIENCE}`];
  const argv = [...limit, ...env, ...bun, `./${file}`];
  const code = await command(machine, argv, { timeout: (seconds + 60) * 1000 });
  if (!running()) throw new Refusal(`the machine was gone in the middle of ${file} (qemu ended)`);
  if (code === LOST && (await comesBack(machine)) && (await bootId(machine)) !== before) {
    say(`the machine's kernel stopped in the middle of ${file}: ${lastWords()}`);
    if (tries > 1) return runFile(machine, file, seconds, report, tries - 1);
  }
  // Moved, or the report of this file would pass for the next one's.
  const { stdout: xml } = await inGuest(machine, `cat ${JUNIT} && rm ${JUNIT}`, { ok: null });
  const { failed } = addJunit(report, xml);
  if (code === 124) addFailure(report, file, `not done within ${seconds} s`);
  else if (code !== 0 && failed === 0) addFailure(report, file, `bun test ended with ${code}`);
}

/** What ssh(1) ends with when the connection is lost. */
const LOST = 255;

/** Milliseconds for booting anew. */
const REBOOT = 180_000;

/** A number that each boot of the guest's kernel has of its own (random(4)). */
async function bootId(machine) {
  return (await inGuest(machine, "cat /proc/sys/kernel/random/boot_id", { ok: null })).stdout.trim();
}

/** Whether the machine answers again before its time is over. */
async function comesBack(machine) {
  for (const end = Date.now() + REBOOT; Date.now() < end; await sleep(1_000))
    if (await greets(machine)) return true;
  return false;
}

/** What the kernel said last of a fault of its own. */
function lastWords() {
  const { console: log } = machinePlaces();
  const faults = readFileSync(log, "latin1").match(/(?:Oops: |BUG: |Kernel panic - )[^\r\n]*/g) ?? [];
  return `${faults.slice(-2).join("; ") || "it said nothing"} (${log})`;
}

/** The test files of a folder or file of the clone. Throws a Refusal when there is none of that name. */
function testFiles(target) {
  const path = relative(REPOSITORY, resolve(REPOSITORY, target));
  if (path.startsWith("..") || !existsSync(join(REPOSITORY, path)))
    throw new Refusal(`no ${target} in the clone`);
  if (!statSync(join(REPOSITORY, path)).isDirectory()) return [path];
  const names = readdirSync(join(REPOSITORY, path), { recursive: true }).filter((name) =>
    /\.test\.tsx?$/.test(name),
  );
  return names.sort().map((name) => join(path, name));
}

/** What the result holds for: versions in the guest, and the commit with what was changed since. */
export async function facts(machine) {
  const { stdout } = await inGuest(
    machine,
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
