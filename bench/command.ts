/** Runs other programs for measuring: argument arrays only, every wait has an end, nothing of the caller's environment. */
import { closeSync, openSync, readFileSync } from "node:fs";

/** PATH of everything that is measured: Debian's own programs. */
export const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
/** Milliseconds that one command may take. */
const PATIENCE = 120_000;

export type Env = Record<string, string>;

/** Runs a program to its end with as little as possible around it. Throws with the end of what it said. */
export function command(argv: readonly string[], log: string, env: Env = {}): void {
  // A file, not a pipe: daemons that it leaves behind may keep it open.
  const said = openSync(log, "w");
  try {
    const { exitCode, exitedDueToTimeout } = Bun.spawnSync({
      cmd: [...argv],
      stdio: ["ignore", said, said],
      env: { PATH, HOME: "/root", LC_ALL: "C.UTF-8", ...env },
      timeout: PATIENCE,
    });
    if (exitCode === 0) return;
    const why = exitedDueToTimeout ? `did not end within ${PATIENCE} ms` : `ended with ${exitCode}`;
    throw new Error(`${argv.join(" ")} ${why}: ${readFileSync(log, "utf8").trim().slice(-600)}`);
  } finally {
    closeSync(said);
  }
}

/** What a program prints; throws as `command`. */
export function output(argv: readonly string[], log: string, env: Env = {}): string {
  command(argv, log, env);
  return readFileSync(log, "utf8").trim();
}

/** A daemon for the time of a comparison. */
export interface Daemon {
  pid: number;
  /** Ends it by its pid and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a daemon; resolves when `ready` no longer throws. Throws with the end of its log when it ends before. */
export async function daemon(
  argv: readonly string[],
  log: string,
  ready: () => void,
  env: Env = {},
): Promise<Daemon> {
  const said = openSync(log, "a");
  const child = Bun.spawn({
    cmd: [...argv],
    stdio: ["ignore", said, said],
    env: { PATH, HOME: "/root", LC_ALL: "C.UTF-8", ...env },
  });
  closeSync(said);
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
    await child.exited;
    clearTimeout(late);
  };
  let last: unknown;
  for (const until = Date.now() + 60_000; Date.now() < until && child.exitCode === null; ) {
    try {
      ready();
      return { pid: child.pid, stop };
    } catch (error) {
      last = error;
      await Bun.sleep(100);
    }
  }
  const ended = child.exitCode !== null;
  await stop();
  throw new Error(
    `${argv[0]} ${ended ? "ended" : `does not answer: ${last}`}: ${readFileSync(log, "utf8").trim().slice(-600)}`,
  );
}
