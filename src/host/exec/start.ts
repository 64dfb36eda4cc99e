import { closeSync } from "node:fs";
import {
  chownOpen,
  haltOutput,
  isRaw,
  makePipe,
  openTerminal,
  resizeTerminal,
  setRaw,
  type Terminal,
} from "../syscall/index.ts";
import { TOOL_PATH } from "./index.ts";
import { type Input, input } from "./input.ts";
import { output } from "./output.ts";
import { notStarted } from "./text.ts";
import { typing } from "./typing.ts";

export interface TerminalSize {
  columns: number;
  rows: number;
}

export interface StartOptions {
  /** Size of a terminal it shall have; pipes otherwise. */
  terminal?: TerminalSize | undefined;
  /** Whether it reads from us; /dev/null otherwise. A terminal is always read. */
  stdin: boolean;
  /** Host ids that shall own the pipes, so that the process may open /dev/stdout. */
  owner?: { uid: number; gid: number };
}

/** A process that runs until it ends by itself or is killed. */
export interface Started {
  pid: number;
  stdout: ReadableStream<Uint8Array>;
  /** `null` with a terminal. */
  stderr: ReadableStream<Uint8Array> | null;
  input: Input;
  resize(columns: number, rows: number): void;
  kill(signal: NodeJS.Signals): void;
  /** Its exit code, 128 + signal when a signal ended it. */
  exited: Promise<number>;
}

/** Starts a process in a session of its own, with pipes or a terminal. Throws UNSUPPORTED when it can't be started. */
export function start(argv: readonly string[], options: StartOptions): Started {
  return options.terminal ? onTerminal(argv, options.terminal) : onPipes(argv, options);
}

type Stdio = [stdin: number | "ignore", stdout: number, stderr: number | "ignore"];

/** `setsid` where the tool itself makes the session. */
function spawn(argv: readonly string[], stdio: Stdio, setsid = false): Bun.Subprocess {
  try {
    return Bun.spawn({
      cmd: [...argv],
      stdio,
      detached: !setsid,
      env: { PATH: TOOL_PATH, LC_ALL: "C.UTF-8" },
    });
  } catch (error) {
    throw notStarted(argv, error);
  }
}

const NO_INPUT: Input = { write: () => Promise.resolve(), close: () => undefined };

function onPipes(argv: readonly string[], { stdin, owner }: StartOptions): Started {
  const pipes: { read: number; write: number }[] = [];
  const pipe = (): { read: number; write: number } => {
    const ends = makePipe();
    pipes.push(ends);
    // Both ends are one inode.
    if (owner) chownOpen(ends.write, owner.uid, owner.gid);
    return ends;
  };
  try {
    const out = pipe();
    const err = pipe();
    const into = stdin ? pipe() : null;
    const child = spawn(argv, [into ? into.read : "ignore", out.write, err.write]);
    for (const fd of [out.write, err.write, ...(into ? [into.read] : [])]) closeSync(fd);
    const typed = into ? input(into.write) : NO_INPUT;
    void child.exited.then(typed.close);
    return {
      pid: child.pid,
      stdout: output(out.read, child.exited),
      stderr: output(err.read, child.exited),
      input: typed,
      resize: () => undefined,
      kill: (signal) => child.kill(signal),
      exited: child.exited,
    };
  } catch (error) {
    for (const { read, write } of pipes) {
      closeSync(read);
      closeSync(write);
    }
    throw error;
  }
}

/** In raw mode: the terminal behind it does all the line editing and echo. */
function onTerminal(argv: readonly string[], { columns, rows }: TerminalSize): Started {
  const terminal = openTerminal(columns, rows);
  const { master, slave } = terminal;
  try {
    setRaw(slave);
    // A tool that looks for /dev/tty, as LXC's do, needs a controlling terminal, which only it can give itself.
    const child = spawn(["/usr/bin/setsid", "--ctty", ...argv], [slave, slave, slave], true);
    return connected(child, terminal, (open) => settled(slave, open));
  } catch (error) {
    closeSync(master);
    closeSync(slave);
    throw error;
  }
}

/**
 * Starts a process beside a terminal that it will open by name itself; what it writes until then goes to `report`. The
 * terminal is its own from here on, and closed with it. Throws UNSUPPORTED.
 */
export function startBeside(argv: readonly string[], terminal: Terminal, report: number): Started {
  const child = spawn(argv, ["ignore", report, "ignore"]);
  return connected(child, terminal, () => Promise.resolve());
}

function connected(
  child: Bun.Subprocess,
  { master, slave }: Terminal,
  ready: (open: () => boolean) => Promise<void>,
): Started {
  let open = true;
  const typed = typing(
    master,
    ready(() => open),
  );
  // Also when only our end is gone: the numbers of closed descriptors are soon others'.
  const over = (): void => {
    open = false;
    typed.close();
  };
  void child.exited.then(over);
  return {
    pid: child.pid,
    // The slave stays open here until all was read: a terminal hung up early loses its last words.
    stdout: output(master, child.exited, () => {
      over();
      closeSync(slave);
    }),
    stderr: null,
    input: typed,
    resize(columns, rows) {
      if (open) resizeTerminal(slave, columns, rows);
    },
    kill: (signal) => child.kill(signal),
    exited: child.exited,
  };
}

/** Milliseconds between two looks, and how many of them before we go on without. */
const LOOK = 2;
const LOOKS = 250;

/**
 * Resolves once LXC's tool has set the terminal up: doing so it throws away what was typed before, and turns on a
 * translation of line ends that the guest's terminal has done already, which we undo; until then nobody can write.
 */
async function settled(slave: number, open: () => boolean): Promise<void> {
  haltOutput(slave, true);
  for (let look = 0; look < LOOKS && open() && isRaw(slave); look++) await Bun.sleep(LOOK);
  if (!open()) return;
  setRaw(slave);
  haltOutput(slave, false);
}
