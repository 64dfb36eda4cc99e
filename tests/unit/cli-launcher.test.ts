/** `bin/warren` in a clone made of stand-ins that say who they are. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

let clone: string;
const SOURCES = ["package.json", "src/cli/main.ts", "src/cli/commands/list.ts", "src/spec/errors.ts"];

function put(path: string, text: string, mode = 0o644): string {
  const full = join(clone, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  chmodSync(full, mode);
  return full;
}
const program = (path: string, says: string): string =>
  put(path, `#!/bin/sh\necho ${says} "\${1##*/}"\n`, 0o755);
/** Sets the time of the last change, in seconds. */
const age = (path: string, time: number): void => utimesSync(join(clone, path), time, time);

function run(command: string, ...args: string[]): { code: number; says: string; errors: string } {
  const { exitCode, stdout, stderr } = Bun.spawnSync([command, ...args], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  });
  return { code: exitCode, says: stdout.toString().trim(), errors: stderr.toString() };
}

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), "warren-clone-"));
  mkdirSync(join(clone, "bin"));
  copyFileSync(join(import.meta.dir, "../../bin/warren"), join(clone, "bin/warren"));
  for (const path of SOURCES) {
    put(path, "");
    age(path, 1000);
  }
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

test("without Bun it says what to do and ends with 70", () => {
  const { code, errors } = run(join(clone, "bin/warren"), "list");
  expect(code).toBe(70);
  expect(errors).toMatch(/^warren: [^\n]+ is not installed; run `npm run setup` in the clone\n$/);
});

test("runs the sources with the Bun that fits the CPU, through links too", async () => {
  const isArm = process.arch === "arm64";
  const fast = /^flags\s*:.*\bavx2\b/m.test(await Bun.file("/proc/cpuinfo").text());
  if (isArm) program("node_modules/@oven/bun-linux-aarch64/bin/bun", "arm");
  else {
    program("node_modules/@oven/bun-linux-x64/bin/bun", "avx2");
    program("node_modules/@oven/bun-linux-x64-baseline/bin/bun", "baseline");
  }
  const expected = `${isArm ? "arm" : fast ? "avx2" : "baseline"} main.ts`;
  expect(run(join(clone, "bin/warren"), "list").says).toBe(expected);
  symlinkSync("bin/warren", join(clone, "first"));
  symlinkSync(join(clone, "first"), join(clone, "second"));
  expect(run(join(clone, "second"), "list").says).toBe(expected);
});

test("takes the build only while it is newer than the sources, and never for the daemon", () => {
  const bun = process.arch === "arm64" ? "bun-linux-aarch64" : "bun-linux-x64-baseline";
  program(`node_modules/@oven/${bun}/bin/bun`, "source");
  if (process.arch !== "arm64") program("node_modules/@oven/bun-linux-x64/bin/bun", "source");
  program("dist/warren", "build");
  age("dist/warren", 2000);
  const launcher = join(clone, "bin/warren");
  expect(run(launcher, "list").says).toBe("build list");
  expect(run(launcher, "-o", "json", "daemon").says).toBe("source main.ts");
  for (const path of SOURCES) {
    age(path, 3000);
    expect(run(launcher, "list").says).toBe("source main.ts");
    age(path, 1000);
  }
  expect(run(launcher, "list").says).toBe("build list");
});
