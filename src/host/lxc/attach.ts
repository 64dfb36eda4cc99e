import {
  chownSync,
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { type Started, type StartOptions, start } from "../exec/start.ts";
import { makePipe, unread } from "../syscall/index.ts";
import {
  type AttachFailure,
  type AttachRequest,
  attachArguments,
  attachFailure,
  consoleArguments,
} from "./attach-text.ts";

/** A command in a container, or a connection to its console. */
export interface Attached extends Omit<Started, "exited"> {
  exited: Promise<{ code: number; failure: AttachFailure | null }>;
}

/**
 * Starts a command in a running container; `before` are programs that set something up and then become lxc-attach. A
 * frozen container would never begin it: the caller must have looked.
 */
export const attach = (
  request: AttachRequest,
  options: StartOptions,
  before: readonly string[] = [],
): Attached =>
  logged((log) => start([...before, "/usr/bin/lxc-attach", ...attachArguments(request, log)], options));

/** Connects to /dev/console of a running container; LXC lets one in at a time. */
export const attachConsole = (
  lxcPath: string,
  name: string,
  terminal: { columns: number; rows: number },
): Attached =>
  logged((log) =>
    start(["/usr/bin/lxc-console", ...consoleArguments(lxcPath, name, log)], { terminal, stdin: true }),
  );

/**
 * The log goes through a pipe that the tool opens by our own /proc entry: the command inherits nothing of it, so what
 * stands there is LXC's word and not the guest's, and nothing is left on disk.
 */
function logged(begin: (log: string) => Started): Attached {
  const log = makePipe();
  const close = (): void => {
    closeSync(log.read);
    closeSync(log.write);
  };
  let started: Started;
  try {
    started = begin(`/proc/${process.pid}/fd/${log.write}`);
  } catch (error) {
    close();
    throw error;
  }
  const exited = started.exited.then((code) => {
    try {
      return { code, failure: attachFailure(readPiece(log.read, unread(log.read)), code) };
    } finally {
      close();
    }
  });
  return { ...started, exited };
}

/** Reads `length` bytes that are known to wait in a pipe. */
function readPiece(fd: number, length: number): string {
  const bytes = Buffer.alloc(length);
  return length === 0 ? "" : bytes.toString("utf8", 0, readSync(fd, bytes));
}

/** The host's pid of the command that an lxc-attach runs, or `null` before it began and after it ended. */
export function commandOf(attachPid: number): number | null {
  try {
    const own = readlinkSync("/proc/self/ns/pid");
    const children = readFileSync(`/proc/${attachPid}/task/${attachPid}/children`, "utf8").trim().split(" ");
    // Its helper stays in our pid namespace; the command is born in the container's.
    return (
      children
        .filter(Boolean)
        .map(Number)
        .find((pid) => readlinkSync(`/proc/${pid}/ns/pid`) !== own) ?? null
    );
  } catch {
    return null;
  }
}

/**
 * Whether the command `pid` of an lxc-attach runs its own program. Until then the tool's child still sets itself up (with
 * AppArmor it waits for its label), and a signal would look like a failure of LXC.
 */
export function hasBegun(attachPid: number, pid: number): boolean {
  try {
    const [tool, own] = [statSync(`/proc/${attachPid}/exe`), statSync(`/proc/${pid}/exe`)];
    return tool.dev !== own.dev || tool.ino !== own.ino;
  } catch {
    return false; // it ended
  }
}

const O_PATH = 0o10000000;
/** Major numbers of pseudo-terminals: 136 to 143. */
const isTerminal = (rdev: number): boolean => ((rdev >> 8) & 0xfff) >= 136 && ((rdev >> 8) & 0xfff) <= 143;

/**
 * Gives a command's terminal to the guest's id `uid` (the host's number): LXC leaves it to the host's root, so that
 * programs which open it by name, like tmux, fail. False while it is not there yet.
 *
 * Only a terminal of the container's own devpts is given away, whatever the guest made of its descriptor meanwhile.
 */
export function giveTerminal(pid: number, uid: number): boolean {
  try {
    const fd = openSync(`/proc/${pid}/fd/0`, O_PATH);
    try {
      const { dev, rdev, gid } = fstatSync(fd);
      if (!isTerminal(rdev) || dev === statSync("/dev/pts").dev) return false;
      chownSync(`/proc/self/fd/${fd}`, uid, gid);
      return true;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

/** The error for a command that never ran. */
export function failureError(name: string, failure: AttachFailure): WarrenError {
  return new WarrenError(
    "FAILED",
    `no command can be run in ${name}: ${failure.message}`,
    `see \`warren info ${name}\``,
  );
}
