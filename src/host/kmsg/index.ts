/**
 * The kernel's own log, followed record by record.
 *
 * What must never happen here: a read that waits, a program's line taken for the kernel's, more work than a share of a
 * CPU however much is logged.
 */
import { closeSync, constants, openSync, readSync } from "node:fs";
import { sinceBoot } from "../proc/index.ts";
import { type KernelNews, parseNews, parseRecord } from "./text.ts";

export type { ForkRefused, KernelNews, OomCause, OomKill } from "./text.ts";

/** What the kernel said of limits. */
export interface Heard {
  seq: number;
  /** When it was said, in ms since 1970. */
  time: number;
  news: KernelNews;
}

export interface KernelLog {
  stop(): void;
}

const DEVICE = "/dev/kmsg";
/** Milliseconds between two looks. Nothing new is one system call, but waking up costs a hundred times as much. */
const TICK = 1000;
/** The same at first, until what was logged before has been gone through: thousands of records. */
const HURRY = 10;
/** Records read in one look: what a flood brings beyond that waits, and is lost when the kernel's buffer is full. */
const MOST = 1000;
/** Longest record that the kernel gives (PRINTKRB_RECORD_MAX). */
const RECORD = 8192;

/** Why the kernel's log can't be read, or `null`. Sandboxes and CONFIG_SECURITY_DMESG_RESTRICT without CAP_SYSLOG refuse it. */
export function kernelLogLack(device = DEVICE): string | null {
  try {
    closeSync(openSync(device, constants.O_RDONLY | constants.O_NONBLOCK));
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/**
 * Follows the log from the record behind `after`, or, when that is `null`, from its end as it is now: `begin` is told the
 * number of the last record there. Records that the kernel dropped meanwhile are lost. Throws the error of open(2).
 */
export function followKernelLog(o: {
  after: number | null;
  begin(seq: number): void;
  each(heard: Heard): void;
  device?: string;
}): KernelLog {
  const fd = openSync(o.device ?? DEVICE, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(RECORD);
  let passed = o.after;
  let last = 0;
  let hurry = true;

  /** The next record's text; `undefined` for one that is lost or too long, `null` when there is none. */
  function next(): string | undefined | null {
    try {
      const length = readSync(fd, buffer, 0, buffer.length, null);
      return length === 0 ? null : buffer.toString("utf8", 0, length);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // EPIPE: records were overwritten, the next read goes on behind them.
      return code === "EPIPE" || code === "EINVAL" ? undefined : null;
    }
  }
  function look(): void {
    for (let left = MOST; left > 0; left--) {
      const raw = next();
      if (raw === null) {
        hurry = false;
        if (passed !== null) return;
        passed = last;
        o.begin(last);
        return;
      }
      const record = raw === undefined ? null : parseRecord(raw);
      if (!record) continue;
      last = record.seq;
      if (passed === null || record.seq <= passed || !record.kernel) continue;
      const news = parseNews(record.text);
      if (news) o.each({ seq: record.seq, time: whenOf(record.at), news });
    }
  }
  let timer: Timer;
  const again = (): void => {
    look();
    timer = setTimeout(again, hurry ? HURRY : TICK);
  };
  again();
  return {
    stop() {
      clearTimeout(timer);
      closeSync(fd);
    },
  };
}

const whenOf = (at: number): number => Date.now() - ((sinceBoot() ?? 0) * 1000 - at / 1000);
