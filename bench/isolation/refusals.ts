import { output } from "../command.ts";
import type { Contender } from "../contender.ts";

interface Counter {
  key: string;
  held: number | null;
  peak: number | null;
  limit: number | null;
  fail: number | null;
}

/** A level whose limit was hit, or of which more than this part was held. */
const NEAR = 0.95;

/** What Warren counted of a container: the levels that refused it something, and those it came near to. */
export function refusals(contender: Contender, name: string): string[] {
  if (!contender.inside?.counters) return [];
  const { argv, env } = contender.inside.counters(name);
  try {
    return told(JSON.parse(output(argv, `${contender.dir}/counters`, env)));
  } catch (error) {
    return [`not told: ${String(error).slice(-120)}`];
  }
}

/** The rows worth telling, the most refused first. */
export function told(rows: readonly Counter[]): string[] {
  const most = ({ held, peak }: Counter): number => Math.max(held ?? 0, peak ?? 0);
  return [
    ...rows
      .filter(({ fail }) => (fail ?? 0) > 0)
      .sort((a, b) => (b.fail ?? 0) - (a.fail ?? 0))
      .map(({ key, fail }) => `${key} refused ${fail}`),
    ...rows
      .filter((row) => !row.fail && row.limit && most(row) >= NEAR * row.limit)
      .map((row) => `${row.key} full (${Math.round((100 * most(row)) / (row.limit ?? 1))} %)`),
  ];
}
