import { dlopen, ptr, FFIType as T } from "bun:ffi";
import { closeSync, constants, openSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";

const libc = dlopen("libc.so.6", {
  pipe2: { args: [T.ptr, T.i32], returns: T.i32 },
  ioctl: { args: [T.i32, T.u64, T.i64], returns: T.i32 },
});

const O_CLOEXEC = 0x80000;
const { O_RDWR, O_NOCTTY, O_NONBLOCK } = constants;

/** Requests of ioctl_tty(2); the same numbers on amd64 and arm64. */
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCXONC = 0x540a;
const TIOCSWINSZ = 0x5414;
const FIONREAD = 0x541b;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;
const TIOCGPTPEER = 0x5441;

const failure = (call: string): WarrenError =>
  new WarrenError("FAILED", `${call} failed`, "look at the limits of open files and terminals", { call });

function ioctl(what: string, fd: number, request: number, argument: NodeJS.TypedArray | number): number {
  const value = typeof argument === "number" ? argument : ptr(argument);
  const result = libc.symbols.ioctl(fd, BigInt(request), BigInt(value));
  if (result < 0) throw failure(what);
  return result;
}

/** pipe2(2), closed in children: Bun's own "pipe" is a socket, which a guest can't open as /dev/stdout. */
export function makePipe(): { read: number; write: number } {
  const ends = new Int32Array(2);
  if (libc.symbols.pipe2(ptr(ends), O_CLOEXEC) < 0) throw failure("pipe2");
  return { read: ends[0]!, write: ends[1]! };
}

/** Both ends of a pseudo-terminal, and its number in its devpts. */
export interface Terminal {
  master: number;
  slave: number;
  number: number;
}

/** Opens a pseudo-terminal of a devpts, the host's own unless told. Throws ENOSPC when it has no more. */
export function openTerminal(columns: number, rows: number, devpts?: string): Terminal {
  const master = openSync(
    devpts === undefined ? "/dev/ptmx" : `${devpts}/ptmx`,
    O_RDWR | O_NOCTTY | O_NONBLOCK,
  );
  try {
    ioctl("TIOCSPTLCK", master, TIOCSPTLCK, new Int32Array(1));
    const number = new Int32Array(1);
    ioctl("TIOCGPTN", master, TIOCGPTN, number);
    const slave = ioctl("TIOCGPTPEER", master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    resizeTerminal(master, columns, rows);
    return { master, slave, number: number[0]! };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** struct termios { c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc[19] } */
function termios(fd: number): Uint32Array {
  const flags = new Uint32Array(16);
  ioctl("TCGETS", fd, TCGETS, flags);
  return flags;
}

/** Nothing is echoed, edited or translated. */
export function setRaw(fd: number): void {
  const flags = termios(fd);
  [flags[0], flags[1], flags[3]] = [0, 0, 0];
  ioctl("TCSETS", fd, TCSETS, flags);
}

/** Halts or lets go what is written to a terminal; the writer waits meanwhile. */
export function haltOutput(fd: number, halt: boolean): void {
  const [TCOOFF, TCOON] = [0, 1];
  ioctl("TCXONC", fd, TCXONC, halt ? TCOOFF : TCOON);
}

/** Whether a terminal is still as left by `setRaw`. */
export function isRaw(fd: number): boolean {
  const flags = termios(fd);
  return flags[0] === 0 && flags[1] === 0 && flags[3] === 0;
}

/** TIOCSWINSZ on either end; no error when the other end is gone. */
export function resizeTerminal(fd: number, columns: number, rows: number): void {
  // struct winsize { ws_row, ws_col, ws_xpixel, ws_ypixel }
  libc.symbols.ioctl(fd, BigInt(TIOCSWINSZ), BigInt(ptr(new Uint16Array([rows, columns, 0, 0]))));
}

/** Bytes that wait in a pipe or terminal to be read; FIONREAD. */
export function unread(fd: number): number {
  const count = new Int32Array(1);
  return libc.symbols.ioctl(fd, BigInt(FIONREAD), BigInt(ptr(count))) < 0 ? 0 : count[0]!;
}
