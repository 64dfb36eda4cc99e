import { writeSync } from "node:fs";
import type { Output } from "../output.ts";
import type { Paint } from "./render.ts";

/** A second screen, no cursor, lines that end at the edge (xterm's control sequences); and all of it back. */
const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
/** The terminal shows a frame when it is whole; one that doesn't know this ignores it. */
const FRAME_BEGINS = "\x1b[?2026h\x1b[H";
const FRAME_ENDS = "\x1b[J\x1b[?2026l";

/** The terminal's screen while `top` has it. */
export interface Screen {
  open(): Promise<void>;
  /** Shows lines in place of what was there. */
  show(lines: readonly string[]): Promise<void>;
  /** Gives the terminal back as it was; done at the latest when the process ends, however it ends. */
  close(): Promise<void>;
}

/** The screen on standard output. */
export function openScreen(out: Output): Screen {
  let isOpen = false;
  process.on("exit", () => {
    if (!isOpen) return;
    isOpen = false;
    try {
      writeSync(1, LEAVE);
    } catch {
      // The terminal is gone, and nobody looks at it any more.
    }
  });
  return {
    async open() {
      isOpen = true;
      await out.write(ENTER);
    },
    show: (lines) =>
      isOpen
        ? out.write(`${FRAME_BEGINS}${lines.map((line) => `${line}\x1b[K`).join("\r\n")}${FRAME_ENDS}`)
        : Promise.resolve(),
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await out.write(LEAVE);
    },
  };
}

const styled =
  (on: string, off: string) =>
  (text: string): string =>
    `\x1b[${on}m${text}\x1b[${off}m`;

/** How a terminal sets parts off; without colours (NO_COLOR) by weight alone. */
export function paintFor(env: Readonly<Record<string, string | undefined>>): Paint {
  const plain = Boolean(env.NO_COLOR) || env.TERM === "dumb";
  return {
    header: styled("1", "22"),
    cursor: styled("7", "27"),
    sorted: styled("7", "27"),
    warn: plain ? styled("1", "22") : styled("33", "39"),
    bad: plain ? styled("1", "22") : styled("31", "39"),
  };
}
