import type { ErrorBody } from "./errors.ts";

export const OPERATION_STATES = ["queued", "running", "done", "failed", "cancelled"] as const;
export type OperationState = (typeof OPERATION_STATES)[number];

/** Work that takes time: a row in the store that survives the daemon. */
export interface OperationRecord {
  id: string;
  /** `container.launch`, `image.build`, ... */
  kind: string;
  /** Names of what it works on. */
  targets: string[];
  state: OperationState;
  /** What it is doing now and how far it is: `done` of `total` in `unit`, total 0 when unknown. */
  progress: { step: string; done: number; total: number; unit: "bytes" | "steps" | "percent" };
  result?: unknown;
  error?: ErrorBody;
  created: string;
  updated: string;
}

export const isEnded = (state: OperationState): boolean =>
  state === "done" || state === "failed" || state === "cancelled";
