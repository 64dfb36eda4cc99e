// @ts-check
// Starting other programs: argument arrays only, never a shell's string, and every wait has an end.

import { spawn, spawnSync } from "node:child_process";

/** Where tools are looked for: the system's own first, so that a user's PATH changes nothing. */
export const TOOL_PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH ?? ""}`;

const environment = (/** @type {Record<string, string>} */ extra) => ({
  ...process.env,
  PATH: TOOL_PATH,
  ...extra,
});

/**
 * Runs a program and keeps what it printed.
 * @param {string[]} argv
 * @param {{ timeout?: number, env?: Record<string, string>, input?: string, cwd?: string }} [options] timeout in ms
 */
export function capture(argv, { timeout = 60_000, env = {}, input, cwd } = {}) {
  const [file = "", ...args] = argv;
  const result = spawnSync(file, args, {
    timeout,
    env: environment(env),
    encoding: "utf8",
    maxBuffer: 64 << 20,
    ...(input === undefined ? {} : { input }),
    ...(cwd === undefined ? {} : { cwd }),
  });
  return {
    code:
      result.status ?? (result.error && "code" in result.error && result.error.code === "ENOENT" ? 127 : 124),
    stdout: result.stdout ?? "",
    stderr: result.stderr || result.error?.message || "",
  };
}

/** Signals by which we are told to end. */
const ENDINGS = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/** Between asking a program to end and ending it, in ms: one that cleans up may have a machine to stop. */
const GRACE = 45_000;

/**
 * Runs a program while its lines are looked at.
 * @param {string[]} argv
 * @param {{
 *   timeout?: number, env?: Record<string, string>, cwd?: string, status?: boolean, group?: boolean,
 *   onLine?: (line: string, from: "out" | "err" | "status") => void,
 * }} [options] without `onLine` it prints for itself; `status` opens a third pipe as descriptor 3; with `group` all
 *   that it starts ends with it, as does it when we are told to end
 * @returns {Promise<number>} its exit code; 124 when it was ended after `timeout` ms
 */
export function follow(
  argv,
  { timeout = 30 * 60_000, env = {}, cwd, status = false, group = false, onLine } = {},
) {
  const [file = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const out = onLine ? "pipe" : "inherit";
    const child = spawn(file, args, {
      stdio: ["ignore", out, out, ...(status ? [/** @type {const} */ ("pipe")] : [])],
      env: environment(env),
      detached: group,
      ...(cwd === undefined ? {} : { cwd }),
    });
    const end = (/** @type {NodeJS.Signals} */ signal) => {
      if (group && child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
      else child.kill(signal);
    };
    let late = false;
    const timers = [
      setTimeout(() => {
        late = true;
        end("SIGTERM");
      }, timeout),
      setTimeout(() => end("SIGKILL"), timeout + GRACE),
    ];
    /** @type {NodeJS.Signals | undefined} */
    let told;
    const pass = (/** @type {NodeJS.Signals} */ signal) => {
      told = signal;
      end(signal);
    };
    // A group of its own gets nothing of what is typed at our terminal.
    if (group) for (const signal of ENDINGS) process.once(signal, pass);
    if (onLine) {
      const names = /** @type {const} */ (["out", "err", "status"]);
      for (const [i, stream] of [child.stdout, child.stderr, child.stdio[3]].entries()) {
        if (stream && "on" in stream) eachLine(stream, (line) => onLine(line, names[i] ?? "out"));
      }
    }
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const timer of timers) clearTimeout(timer);
      for (const name of ENDINGS) process.off(name, pass);
      if (told) process.kill(process.pid, told);
      resolve(late ? 124 : (code ?? (signal ? 128 : 1)));
    });
  });
}

/** @param {NodeJS.EventEmitter} stream @param {(line: string) => void} each */
function eachLine(stream, each) {
  const decoder = new TextDecoder();
  let rest = "";
  stream.on("data", (chunk) => {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) each(line);
  });
  stream.on("end", () => {
    if (rest) each(rest);
  });
}

/** Whether this process may change the system. */
export const isRoot = () => process.getuid?.() === 0;
