import type { ContainerUsage } from "../../spec/usage.ts";

/** What a container used per second between two readings; `null` where there was none before, or it began anew. */
export interface Rates {
  /** CPUs: 1 is one whole CPU. */
  cpu: number | null;
  ioRead: number | null;
  ioWrite: number | null;
  netIn: number | null;
  netOut: number | null;
}

/** A container as `top` shows it. */
export interface Row extends ContainerUsage {
  rates: Rates;
  /** Failures since the reading before. */
  failed: number;
}

const COUNTED = ["cpu", "ioRead", "ioWrite", "netIn", "netOut"] as const satisfies (keyof Rates)[];

const UNKNOWN: Rates = { cpu: null, ioRead: null, ioWrite: null, netIn: null, netOut: null };

/** Rows of one reading, with the rates since the one before. */
export function rowsOf(before: readonly ContainerUsage[], now: readonly ContainerUsage[]): Row[] {
  const earlier = new Map(before.map((usage) => [usage.name, usage]));
  return now.map((usage) => {
    const last = earlier.get(usage.name);
    const seconds = last ? (usage.at - last.at) / 1000 : 0;
    if (!last || seconds <= 0) return { ...usage, rates: UNKNOWN, failed: 0 };
    const since = (a: number | null, b: number | null): number | null =>
      // Less than before: the container was started again, and its counters with it.
      a === null || b === null || b < a ? null : b - a;
    const rates = Object.fromEntries(
      COUNTED.map((key) => {
        const grown = since(last[key], usage[key]);
        return [key, grown === null ? null : grown / seconds];
      }),
    ) as unknown as Rates;
    return { ...usage, rates, failed: since(last.fail, usage.fail) ?? 0 };
  });
}
