// @ts-check
// Starting and stopping the daemon. Containers are nobody's children but LXC's: they run on whatever happens here.

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inClone, instance, WARREN } from "./place.mjs";
import { Refusal, say } from "./say.mjs";
import { ask, holder, lives } from "./socket.mjs";

/** How long a daemon may take to serve: it adopts what runs and cleans up first. In ms. */
const START = 60_000;
const STOP = 30_000;

/** The daemon's answer to `version`, `null` when none runs. */
export const running = async () => (await ask(instance().socket, "/v1/version"))?.body ?? null;

/**
 * Starts the daemon unless it runs; returns once it answers. One that runs older sources is replaced.
 * @param {{ changed: boolean }} options whether the sources changed since the last build
 */
export async function ensureDaemon({ changed }) {
  const { version } = JSON.parse(readFileSync(inClone("package.json"), "utf8"));
  const there = await running();
  if (there?.version === version && !changed) {
    return say(`the daemon runs (Warren ${there.version}, pid ${holder(instance().socket)})`);
  }
  if (there) {
    say("the daemon runs older sources: it is replaced, containers run on");
    await stopDaemon();
  }
  const { state, socket } = instance();
  const log = join(state, "daemon.log");
  mkdirSync(state, { recursive: true, mode: 0o711 });
  const out = openSync(log, "a", 0o640);
  const child = spawn(WARREN, ["daemon"], {
    detached: true,
    stdio: ["ignore", out, out],
    cwd: "/",
    env: environment(),
  });
  closeSync(out);
  /** @type {string | undefined} */
  let ended;
  child.on("error", (error) => {
    ended = error.message;
  });
  child.on("exit", (code, signal) => {
    ended = `it ended with ${code ?? signal}`;
  });
  const until = Date.now() + START;
  while (!ended && Date.now() < until) {
    if (await ask(socket, "/v1/version", { timeout: 1_000 })) {
      child.unref();
      return say(`the daemon was started (pid ${child.pid}, log ${log})`);
    }
    await sleep(30);
  }
  child.unref();
  throw new Refusal(
    `the daemon does not serve: ${ended ?? `no answer within ${START / 1000} s`}: ${lastLine(log)}`,
    `see ${log}`,
  );
}

/** What the daemon needs of the environment; npm's own variables stay behind. */
function environment() {
  const { WARREN_DIR, LANG } = process.env;
  const base = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: LANG ?? "C.UTF-8" };
  return WARREN_DIR ? { ...base, WARREN_DIR } : base;
}

/** @param {string} log */
const lastLine = (log) => readFileSync(log, "utf8").trim().split("\n").at(-1)?.slice(0, 400) ?? "";

/** Tells the daemon to end and waits until its process is gone. @returns {Promise<boolean>} whether there was one */
export async function stopDaemon() {
  const { socket } = instance();
  const pid = holder(socket);
  const answer = await ask(socket, "/v1/daemon/stop", { method: "POST" });
  if (pid === null && answer === null) return false;
  if (answer === null && pid !== null) process.kill(pid, "SIGTERM"); // it hangs: the signal asks for the same
  const until = Date.now() + STOP;
  while (pid !== null ? lives(pid) : await ask(socket, "/v1/version")) {
    if (Date.now() > until)
      throw new Refusal(`the daemon (pid ${pid}) did not end within ${STOP / 1000} s`, "see its log");
    await sleep(20);
  }
  return true;
}
