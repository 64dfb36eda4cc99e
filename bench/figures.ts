/** The middle of several measurements, and the one that all but a twentieth stay below. */
export interface Figure {
  median: number;
  p95: number;
  runs: number;
}

/** Summarises measurements; `null` of none. */
export function figure(values: readonly number[]): Figure | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  const p95 = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * 0.95) - 1)]!;
  return { median, p95, runs: sorted.length };
}

/** Milliseconds that something takes. */
export async function timed(what: () => void | Promise<void>): Promise<number> {
  const began = performance.now();
  await what();
  return performance.now() - began;
}
