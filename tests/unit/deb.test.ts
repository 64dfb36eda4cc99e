/** The package, as far as it can be looked at without installing it. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { architecture, control, DEPENDS, debianVersion, RECOMMENDS } from "../../scripts/deb/control.mjs";
import { texts } from "../../scripts/deb/texts.ts";
import { PLACES, SCRIPTS } from "../../scripts/deb/tree.mjs";
import { missingRange } from "../../scripts/steps/idrange.mjs";
import { PACKAGES } from "../../scripts/steps/packages.mjs";
import { escapeRoff, renderManPage } from "../../src/cli/man.ts";
import { COMMANDS } from "../../src/cli/table.ts";
import { parseConfig } from "../../src/spec/config.ts";
import { HOST_SYSCTLS, sysctlFile } from "../../src/spec/sysctl.ts";

const packaging = join(import.meta.dir, "../../packaging");
const text = (name: string): string => readFileSync(join(packaging, name), "utf8");
const scratch = mkdtempSync(join(tmpdir(), "warren-deb-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));

test("a version is one that dpkg orders as semver does", () => {
  expect(["1.2.3", "1.2.3-rc.1", "1.2", "1.2.3+x", "1.2.3 ", ""].map(debianVersion)).toEqual([
    "1.2.3",
    "1.2.3~rc.1",
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(["x64", "arm64", "riscv64"].map(architecture)).toEqual(["amd64", "arm64", undefined]);
});

test("the control file has one field a line and a description that is indented", () => {
  const lines = control({ version: "1.2.3", architecture: "amd64", size: 7 }).split("\n");
  expect(lines.at(-1)).toBe("");
  for (const line of lines.slice(0, -1)) expect(line).toMatch(/^(?:[A-Z][A-Za-z-]+: \S.*| \S.*)$/);
  expect(lines).toContain("Installed-Size: 7");
});

test("the package needs what npm run setup installs", () => {
  const named = [...Object.keys(DEPENDS), ...Object.keys(RECOMMENDS)].map((name) => name.split(" ")[0]);
  expect(Object.keys(PACKAGES).filter((name) => !named.includes(name))).toEqual([]);
});

test("the shells' rule for id ranges is the one of npm run setup", () => {
  const tables = [
    "",
    "alice:100000:65536\n",
    "alice:100000:65536",
    "root:1000000:1000000000\n",
    "root:1:4000000000\n",
    "0:1000000:1000000000\n",
    "root:1000000:65536\n",
    "root:1000000:500000000\nroot:400000000:700000000\n",
    "root:400000000:1700000000\nroot:1000000:500000000\n",
    "root:1000000:500000000\nroot:600000000:700000000\n",
    "# root:1000000:1000000000\n",
    "alice:1000000:65536\nbob:100000:65536\ncarol:2000000000:5\n",
  ];
  for (const before of tables) {
    const path = join(scratch, "subuid");
    writeFileSync(path, before);
    const { ino } = statSync(path);
    const complete = () =>
      Bun.spawnSync(["sh", join(packaging, "complete-id-range"), path], { timeout: 10_000 });
    const { exitCode, stderr } = complete();
    const { add, overlaps } = missingRange(before);
    expect([exitCode, readFileSync(path, "utf8")], before).toEqual([0, before + add]);
    expect(stderr.toString().match(/ids of (\w+)/)?.[1] ?? "", before).toBe(overlaps[0] ?? "");
    complete();
    expect(readFileSync(path, "utf8"), `again: ${before}`).toBe(before + add);
    expect(statSync(path).ino).toBe(ino);
    rmSync(path);
  }
});

test("dpkg's scripts are shell that parses, ends at the first fault, and never ends a container", () => {
  for (const name of SCRIPTS) {
    const { exitCode, stderr } = Bun.spawnSync(["sh", "-n", join(packaging, name)], { timeout: 10_000 });
    expect([exitCode, stderr.toString()], name).toEqual([0, ""]);
    expect(text(name)).toStartWith("#!/bin/sh\nset -e\n");
    expect(text(name)).not.toMatch(/^\s*(?:pkill|killall|kill|lxc-stop|umount) /m);
  }
});

test("the unit ends the daemon alone and gives guests nothing of its own", () => {
  const unit = text("warren.service");
  const value = (key: string) => new RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1];
  expect(["Type", "KillMode", "Restart", "Delegate", "OOMPolicy"].map(value)).toEqual([
    "notify",
    "process",
    "on-failure",
    "yes",
    "continue",
  ]);
  // Warren's lxcfs is its own.
  expect(unit).not.toContain("lxcfs");
  expect(unit).not.toMatch(/^(?:OOMScoreAdjust|Private\w+|Protect\w+|ReadOnlyPaths|RuntimeDirectory)=/m);
  expect(Object.values(PLACES).every((place) => place.startsWith("usr/"))).toBe(true);
});

test("the default configuration is one the daemon reads, and the same as without a file", async () => {
  const made = await texts("1.2.3", "2026-01-01");
  expect(parseConfig(made["etc/warren/config.json"]!)).toEqual(parseConfig("{}"));
  for (const [place, body] of Object.entries(made)) expect(body, place).toEndWith("\n");
});

test("the host's limits are raised to what the check asks for, and never lowered", () => {
  const root = join(scratch, "sys");
  const at = (name: string): string => join(root, name.replaceAll(".", "/"));
  const packaged = HOST_SYSCTLS.filter(({ packaged }) => packaged !== null);
  const before = ["1", "99999999", "9223372036854775807", "text"];
  for (const [i, { name }] of packaged.entries()) {
    mkdirSync(dirname(at(name)), { recursive: true });
    if (i < before.length) writeFileSync(at(name), `${before[i]}\n`);
  }
  const file = join(scratch, "10-warren.conf");
  writeFileSync(file, sysctlFile());
  const raise = () =>
    Bun.spawnSync(["sh", join(packaging, "raise-sysctls"), file, root], { timeout: 10_000 });
  for (const round of [1, 2]) {
    const { exitCode, stdout, stderr } = raise();
    expect([exitCode, stdout.toString(), stderr.toString()], `${round}`).toEqual([0, "", ""]);
    const after = packaged.map(({ name }) => existsSync(at(name)) && readFileSync(at(name), "utf8").trim());
    expect(after).toEqual([`${packaged[0]!.packaged}`, ...before.slice(1), false, false]);
  }
  for (const { atLeast, packaged } of HOST_SYSCTLS)
    expect(packaged ?? atLeast).toBeGreaterThanOrEqual(atLeast);
  const page = readFileSync(join(import.meta.dir, "../../docs/install.md"), "utf8");
  for (const { name, packaged } of HOST_SYSCTLS)
    expect(page.includes(`${name} = ${packaged}\n`), name).toBe(packaged !== null);
});

const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
const page = renderManPage(commands, "1.2.3", "2026-01-01");

test("text in the manual is never taken for a request or an escape", () => {
  expect(escapeRoff(".SH x\n'a\\b --c")).toBe("\\&.SH x\n\\&'a\\eb \\-\\-c");
});

test("the manual tells of every command and option", () => {
  for (const { name, options } of commands) {
    expect(page).toContain(`\n.SS ${escapeRoff(name)}\n`);
    for (const option of Object.keys(options)) expect(page).toContain(escapeRoff(`--${option}`));
  }
});

const man = Bun.which("man");
test.skipIf(man === null)(
  `the manual is set without a warning${man ? "" : " [needs man: not installed]"}`,
  () => {
    const path = join(scratch, "warren.1");
    writeFileSync(path, page);
    const { exitCode, stdout, stderr } = Bun.spawnSync([man!, "--warnings", "-E", "UTF-8", "-l", path], {
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C.UTF-8", MANPAGER: "cat", MANROFFSEQ: "" },
      timeout: 60_000,
    });
    expect([exitCode, stderr.toString()]).toEqual([0, ""]);
    expect(stdout.toString()).toContain("warren - many virtual private servers on one Linux kernel");
  },
);
