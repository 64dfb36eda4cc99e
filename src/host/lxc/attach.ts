import { closeSync, fstatSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";
import { type Started, type StartOptions, start, startBeside, type TerminalSize } from "../exec/start.ts";
import { chownOpen, makePipe, openTerminal, type Terminal, unread } from "../syscall/index.ts";
import {
  type AttachFailure,
  type AttachRequest,
  attachArguments,
  attachFailure,
  consoleArguments,
  programFailure,
} from "./attach-text.ts";
import { OPENER } from "./text.ts";

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
  options: Omit<StartOptions, "terminal">,
  before: readonly string[] = [],
): Attached =>
  logged((log) => start([...before, "/usr/bin/lxc-attach", ...attachArguments(request, log)], options));

/** A terminal of the container's own devpts, for a command. */
export interface GuestTerminal extends TerminalSize {
  /** Where the host has the devpts. */
  devpts: string;
  /** Host id that shall own it, so that programs which open it by name, like tmux, may. */
  owner: number;
}

/**
 * The same on a terminal of the container: LXC would make one that isn't in the guest's /dev/pts. The command's program
 * is a path, for nobody looks it up. Throws REFUSED when the container has no terminal left.
 */
export function attachTerminal(
  request: AttachRequest,
  { devpts, owner, columns, rows }: GuestTerminal,
  before: readonly string[] = [],
): Attached {
  const terminal = guestTerminal(columns, rows, devpts, request.name);
  const report = makePipe();
  const close = (): void => {
    closeSync(report.read);
    closeSync(report.write);
  };
  let attached: Attached;
  try {
    chownOpen(terminal.slave, owner, fstatSync(terminal.slave).gid);
    const command = [OPENER, `/dev/pts/${terminal.number}`, ...request.command];
    attached = logged((log) => {
      const argv = [...before, "/usr/bin/lxc-attach", ...attachArguments({ ...request, command }, log)];
      return startBeside(argv, terminal, report.write);
    });
  } catch (error) {
    close();
    closeSync(terminal.master);
    closeSync(terminal.slave);
    throw error;
  }
  const exited = attached.exited.then(({ code, failure }) => {
    try {
      const errno = unread(report.read) > 0 ? readByte(report.read) : 0;
      return { code, failure: failure ?? (errno === 0 ? null : programFailure(errno)) };
    } finally {
      close();
    }
  });
  return { ...attached, exited };
}

function guestTerminal(columns: number, rows: number, devpts: string, name: string): Terminal {
  try {
    return openTerminal(columns, rows, devpts);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new WarrenError(
      "REFUSED",
      `all terminals of ${name} are in use`,
      `give it more: warren set ${name} pty.limit=...`,
    );
  }
}

/** Connects to /dev/console of a running container; LXC lets one in at a time. */
export const attachConsole = (lxcPath: string, name: string, terminal: TerminalSize): Attached =>
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

function readByte(fd: number): number {
  const byte = new Uint8Array(1);
  readSync(fd, byte);
  return byte[0]!;
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

/** The error for a command that never ran. */
export function failureError(name: string, failure: AttachFailure): WarrenError {
  return new WarrenError(
    "FAILED",
    `no command can be run in ${name}: ${failure.message}`,
    `see \`warren info ${name}\``,
  );
}
