/** The program that opens a terminal and becomes another. */
import { expect } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openerProgram } from "../../src/host/lxc/opener.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root");

/** Exit code of the program with these arguments, and what it wrote to its first output: its report. */
async function becomes(...args: string[]): Promise<{ code: number; report: number[] }> {
  const dir = mkdtempSync(join(tmpdir(), "warren-opener-"));
  try {
    const file = join(dir, "opener");
    await Bun.write(file, openerProgram());
    chmodSync(file, 0o755);
    const child = Bun.spawn({ cmd: [file, ...args], stdin: "ignore", stderr: "ignore", timeout: 10_000 });
    const report = [...(await new Response(child.stdout).bytes())];
    return { code: await child.exited, report };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test("the program it becomes has the terminal for input, output and errors, and its own arguments", async () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-console-"));
  const console = join(dir, "console");
  await Bun.write(console, "typed\n");
  const script = 'read -r line; echo "$line $0 $1" >&2; echo said; exit 7';
  expect(await becomes(console, "/bin/sh", "-c", script, "name", "word")).toEqual({ code: 7, report: [] });
  // One open file behind all three: what was read is left as it is, what is written follows.
  expect(await Bun.file(console).text()).toBe("typed\ntyped name word\nsaid\n");
  rmSync(dir, { recursive: true });
});
test("a program that can't be run is told by the kernel's number, whatever becomes of the terminal", async () => {
  expect(await becomes("/dev/null", "/no/such/init")).toEqual({ code: 127, report: [2] });
  expect(await becomes("/no/such/terminal", "/etc/passwd")).toEqual({ code: 127, report: [13] });
});
test("its report is not left open for what it becomes", async () => {
  const { report } = await becomes("/dev/null", "/bin/sh", "-c", "echo stolen >&10");
  expect(report).toEqual([]);
});
test("a processor it isn't written for is refused", () => {
  expect(() => openerProgram("mips")).toThrow("no opener for mips");
});
