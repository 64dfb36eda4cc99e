import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { CACHE } from "./places.mjs";
import { say, toolEnv } from "./tool.mjs";

/**
 * Does `work` while nobody else builds, boots or runs something in this cache's machine; waits for its turn.
 *
 * The lock is held by a `flock` that ends with its standard input, so also when this process is killed.
 */
export async function alone(work) {
  mkdirSync(CACHE, { recursive: true, mode: 0o700 });
  const argv = [join(CACHE, "lock"), "sh", "-c", "echo held; exec cat"];
  // In a session of its own: an interrupt typed at the terminal must not let go of the lock before we do.
  const holder = spawn("flock", argv, { stdio: ["pipe", "pipe", "inherit"], env: toolEnv(), detached: true });
  const ended = new Promise((resolve) => holder.on("close", resolve));
  const patience = setTimeout(() => say("waiting: another process uses the machine"), 1_000);
  try {
    await new Promise((resolve, reject) => {
      holder.on("error", reject);
      holder.on("close", (code) => reject(new Error(`flock ended with ${code}`)));
      holder.stdout.once("data", resolve);
    });
  } finally {
    clearTimeout(patience);
  }
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
