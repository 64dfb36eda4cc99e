import type { Log } from "../spec/log.ts";

/** What was done so far, each step with the way back; run backwards when the work fails. */
export interface UndoList {
  add(what: string, back: () => void | Promise<void>): void;
  /** What was done so far stays, whatever fails later. */
  keep(): void;
  /** Runs every way back, last first; one that fails is logged and the rest go on. */
  unwind(): Promise<void>;
}

export function undoList(log: Log): UndoList {
  const steps: { what: string; back: () => void | Promise<void> }[] = [];
  return {
    add: (what, back) => void steps.push({ what, back }),
    keep: () => void steps.splice(0),
    async unwind() {
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.back();
        } catch (error) {
          log("error", "undo failed", { what: step.what, error: String(error) });
        }
      }
    },
  };
}
