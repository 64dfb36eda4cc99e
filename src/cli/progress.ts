import { isEnded, type OperationRecord } from "../spec/operation.ts";
import { at } from "./client.ts";
import type { Context } from "./command.ts";
import { bytes } from "./format.ts";
import { harmless } from "./text.ts";

const BAR = 24;

/** How far work is, for one line: `unpack [####----] 50% 120MiB of 240MiB`. */
export function progressLine({ step, done, total, unit }: OperationRecord["progress"]): string {
  if (total <= 0) return done > 0 && unit === "bytes" ? `${harmless(step)} ${bytes(done)}` : harmless(step);
  const part = Math.min(1, Math.max(0, done / total));
  const full = Math.round(part * BAR);
  const bar = `[${"#".repeat(full)}${"-".repeat(BAR - full)}]`;
  const amounts = { bytes: ` ${bytes(done)} of ${bytes(total)}`, steps: ` ${done} of ${total}`, percent: "" };
  return `${harmless(step)} ${bar} ${String(Math.floor(part * 100)).padStart(3)}%${amounts[unit]}`;
}

/**
 * Waits for the end of work and shows how far it is on standard error: in place on a terminal, else a line for each
 * step; nothing when a script reads (`-o json` and the like, without a terminal).
 */
export async function follow(
  ctx: Context,
  record: OperationRecord,
  quiet: boolean,
): Promise<OperationRecord> {
  const { client, out } = ctx;
  const terminal = !quiet && (await out.isTerminal(2));
  const lines = !quiet && !terminal && out.format === "table";
  let now = record;
  let step = "";
  while (!isEnded(now.state)) {
    if (terminal) await Bun.write(Bun.stderr, `\r\x1b[K${clip(progressLine(now.progress))}`);
    else if (lines && now.progress.step !== step) await out.note(harmless(now.progress.step));
    step = now.progress.step;
    now = await client.get<OperationRecord>(`/v1/operations${at(record.id)}/wait`, { timeout: 1 });
  }
  if (terminal) await Bun.write(Bun.stderr, "\r\x1b[K");
  return now;
}

/** A line that wraps could not be written over. */
const clip = (line: string): string => line.slice(0, Math.max(20, (process.stderr.columns ?? 80) - 1));
