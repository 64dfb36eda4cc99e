/** The program that opens the console for a guest's init. */
import { expect } from "bun:test";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openerProgram } from "../../src/host/lxc/opener.ts";
import { requires } from "../helpers/requires.ts";

const { test } = requires("root", "userns");

/** Exit code of the program with these arguments, /dev/console being `console` in a mount namespace of its own. */
async function becomes(console: string, ...args: string[]): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "warren-opener-"));
  try {
    const file = join(dir, "opener");
    await Bun.write(file, openerProgram());
    chmodSync(file, 0o755);
    const script = 'mount --bind "$1" /dev/console && shift && exec "$@"';
    const cmd = ["unshare", "--mount", "sh", "-c", script, "sh", console, file, ...args];
    const child = Bun.spawn({ cmd, stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: 10_000 });
    return await child.exited;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

test("the program it becomes has the console for input, output and errors, and its own arguments", async () => {
  const dir = mkdtempSync(join(tmpdir(), "warren-console-"));
  const console = join(dir, "console");
  await Bun.write(console, "typed\n");
  const script = 'read -r line; echo "$line $0 $1" >&2; echo said; exit 7';
  expect(await becomes(console, "/bin/sh", "-c", script, "name", "word")).toBe(7);
  // One open file behind all three: what was read is left as it is, what is written follows.
  expect(await Bun.file(console).text()).toBe("typed\ntyped name word\nsaid\n");
  rmSync(dir, { recursive: true });
});
test("a program that isn't there ends with 127", async () => {
  expect(await becomes("/dev/null", "/no/such/init")).toBe(127);
});
test("a processor it isn't written for is refused", () => {
  expect(() => openerProgram("mips")).toThrow("no opener for mips");
});
