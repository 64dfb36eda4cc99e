import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** PATH of every tool, whoever starts us. */
const TOOL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** An end that is the user's to mend: printed as one line, without a stack. */
export class Refusal extends Error {}

/** One line for whoever watches, on standard error: standard output belongs to the command that is run. */
export function say(text) {
  process.stderr.write(`v2: ${text}\n`);
}

/** Environment of every tool: the caller's, with a PATH that has the system's tools and a plain locale. */
export function toolEnv() {
  return { ...process.env, PATH: `${TOOL_PATH}:${process.env.PATH ?? ""}`, LC_ALL: "C.UTF-8" };
}

function installed(tool) {
  return TOOL_PATH.split(":").some((directory) => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Makes sure that tools are installed; `wanted` is `{tool: Debian package}`.
 *
 * Throws a Refusal that names the packages when they can't be installed.
 */
export function need(wanted) {
  const missing = Object.keys(wanted).filter((tool) => !installed(tool));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((tool) => wanted[tool]))];
  say(`installing ${packages.join(" ")} (for ${missing.join(", ")})`);
  const env = { ...toolEnv(), DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  for (const args of [install, ["update"], install]) {
    const { status } = spawnSync("apt-get", args, {
      env,
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 600_000,
    });
    if (args === install && status === 0) return;
  }
  throw new Refusal(
    `${packages.join(" ")} could not be installed; install by hand: apt-get install ${packages.join(" ")}`,
  );
}

/**
 * Runs a tool to its end and resolves to `{code, stdout, stderr}`; output that is inherited is empty there.
 *
 * Options: `timeout` ms (60 000), `input` (text or a readable stream), `stdio` (`"pipe"` or `"inherit"`), `cwd`,
 * `ok` (codes that are no failure; `null` for all). Throws when it fails or is late.
 */
export function run(argv, { timeout = 60_000, input, stdio = "pipe", cwd, ok = [0] } = {}) {
  return new Promise((resolve, reject) => {
    const out = stdio === "inherit" ? ["inherit", "inherit"] : ["pipe", "pipe"];
    const child = spawn(argv[0], argv.slice(1), {
      cwd,
      env: toolEnv(),
      stdio: [input === undefined ? "ignore" : "pipe", ...out],
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, timeout);
    child.stdout?.on("data", (piece) => {
      stdout += piece;
    });
    child.stderr?.on("data", (piece) => {
      stderr += piece;
    });
    if (input !== undefined) {
      // A reader that ends early is its own failure, told by its exit code.
      child.stdin.on("error", () => undefined);
      if (typeof input === "string") child.stdin.end(input);
      else input.pipe(child.stdin);
    }
    child.on("error", (error) => {
      clearTimeout(timer);
      reject(new Error(`${argv[0]} could not be started: ${error.message}`));
    });
    child.on("close", (status) => {
      clearTimeout(timer);
      const code = status ?? 137;
      if (late)
        reject(new Error(`${argv[0]} did not end within ${timeout / 1000} s\n${stderr.slice(-2000)}`));
      else if (ok && !ok.includes(code))
        reject(new Error(`${argv.join(" ")} ended with ${code}\n${stderr.slice(-4000)}`));
      else resolve({ code, stdout, stderr });
    });
  });
}
