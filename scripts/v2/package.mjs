/**
 * The package on the modern host, as its user has it: installed from the .deb alone, upgraded, rebooted, removed.
 *
 * Each step stands on the one before, so the first that fails ends the test. Run by `npm run test:v2` after the suites,
 * alone by `npm run v2 -- package [--record]`.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makePackage } from "../deb/make.mjs";
import { inGuest } from "./guest.mjs";
import { packageSteps } from "./package-steps.mjs";
import { CACHE, REPOSITORY } from "./places.mjs";
import { facts } from "./suites.mjs";
import { say } from "./tool.mjs";

const RESULT = join(REPOSITORY, "docs", "results", "package.md");

/** Runs the whole test; resolves to the exit code. With `record` the result is kept in docs/results. */
export async function packageTest(machine, { record = false } = {}) {
  const about = { ...(await facts(machine)), accel: machine.accel };
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8"));
  const packages = {
    first: makePackage({ directory: join(CACHE, "packages"), version }),
    next: makePackage({ directory: join(CACHE, "packages"), version: nextPatch(version) }),
  };
  const done = [];
  let fault;
  for (const { title, run } of packageSteps(machine, { packages, version, next: nextPatch(version) })) {
    const began = Date.now();
    try {
      const seen = await run();
      done.push({ title, seen: seen ?? "" });
      say(`${title}${seen ? `: ${seen}` : ""} (${Math.round((Date.now() - began) / 1000)} s)`);
    } catch (error) {
      fault = { title, message: error.message };
      say(`failed: ${title}: ${error.message}`);
      await tellJournal(machine);
      break;
    }
  }
  const text = render(done, fault, about);
  const results = join(CACHE, "results");
  mkdirSync(results, { recursive: true });
  writeFileSync(join(results, "package.md"), text);
  if (record) {
    mkdirSync(join(RESULT, ".."), { recursive: true });
    writeFileSync(RESULT, text);
  }
  say(`package: ${done.length} steps passed, ${fault ? 1 : 0} failed`);
  return fault ? 1 : 0;
}

/** The version an upgrade goes to. */
export const nextPatch = (version) =>
  version.replace(/^(\d+\.\d+\.)(\d+).*$/, (_, front, patch) => `${front}${Number(patch) + 1}`);

/** What the daemon said last, for whoever looks for the reason. */
async function tellJournal(machine) {
  const { stdout } = await inGuest(machine, "journalctl -u warren.service -n 20 --no-pager -o cat", {
    ok: null,
  });
  say(`the daemon's log ends with:\n${stdout}`);
}

/** The page that is kept. */
export function render(done, fault, { system, kernel, systemd, lxc, commit, accel }) {
  const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
  const rows = done.map(({ title, seen }) => `| ${cell(title)} | ${cell(seen)} |`);
  return [
    "# Last run of the package",
    "",
    "Written by `npm run v2 -- package --record`; see [testing on the modern host](../guides/testing-on-v2.md).",
    "",
    `- ${new Date().toISOString().slice(0, 10)}, commit ${commit}`,
    `- ${system}, Linux ${kernel}, ${systemd}, LXC ${lxc}, run with ${accel}`,
    `- **${done.length} passed, ${fault ? 1 : 0} failed**`,
    "",
    "| step | seen |",
    "|---|---|",
    ...rows,
    ...(fault ? [`| **failed:** ${cell(fault.title)} | ${cell(fault.message)} |`] : []),
    "",
  ].join("\n");
}
