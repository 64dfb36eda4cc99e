import { ask } from "../host/lxc/index.ts";
import type { InitKind } from "../spec/container.ts";
import { WarrenError } from "../spec/errors.ts";
import type { Context } from "./context.ts";

/** Seconds a guest may take to boot before waiting for it ends with TIMEOUT. */
const PATIENCE = 180;

/** Asks the guest's init whether its boot is finished; each answer is the exit code of a command in the guest. */
const QUESTION: Record<InitKind, readonly string[] | null> = {
  // Exit code 0 for running, 1 for everything else; `degraded` is finished too, so its word is looked at.
  systemd: ["systemctl", "is-system-running"],
  sysvinit: ["runlevel"],
  openrc: ["rc-status", "--runlevel"],
  busybox: null,
  other: null,
  app: null,
};

const FINISHED: Partial<Record<InitKind, RegExp>> = {
  systemd: /^(running|degraded)/,
  sysvinit: /^\S+ [2-5]/,
  openrc: /^default/,
};

/** Resolves when the guest's boot has finished. Throws TIMEOUT, NOT_RUNNING, CANCELLED. */
export async function waitBoot(c: Context, name: string, init: InitKind, signal: AbortSignal): Promise<void> {
  const question = QUESTION[init];
  const finished = FINISHED[init];
  if (!question || !finished) return;
  for (const until = Date.now() + PATIENCE * 1000; Date.now() < until; await Bun.sleep(100)) {
    if (signal.aborted) throw new WarrenError("CANCELLED", `waiting for ${name} was cancelled; it runs on`);
    if (!c.runtime.get(name))
      throw new WarrenError("NOT_RUNNING", `${name} ended while it booted`, `see \`warren logs ${name}\``);
    const answer = await ask(c.paths.lxc, name, question);
    if (answer !== null && finished.test(answer.trim())) return;
  }
  throw new WarrenError(
    "TIMEOUT",
    `${name} did not finish its boot in ${PATIENCE} s`,
    `it runs; see \`warren logs ${name}\``,
  );
}
