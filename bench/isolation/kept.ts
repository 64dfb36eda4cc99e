import type { Trial } from "./trial.ts";

/** What a victim kept. */
export interface Kept {
  /** Its requests a second beside the attack, as a part of those alone. */
  rate: number;
  /** Microseconds. */
  p95: { alone: number; beside: number };
  /** Whether requests failed. */
  failed: boolean;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Compares the victim beside an attack with itself just before and just after. */
export function keeping({ alone, beside }: Pick<Trial, "alone" | "beside">): Kept {
  return {
    rate: beside.rate / mean(alone.map(({ rate }) => rate)),
    p95: { alone: mean(alone.map(({ p95 }) => p95)), beside: beside.p95 },
    failed: Object.keys(beside.failed).length > 0,
  };
}
