import type { LevelValue } from "../../src/spec/container.ts";
import { output } from "../command.ts";
import type { Contender } from "../contender.ts";

interface Counter {
  key: string;
  held: LevelValue;
  peak: LevelValue;
  limit: LevelValue;
  fail: LevelValue;
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

const number = (value: LevelValue): number => (typeof value === "number" ? value : 0);

/** The rows worth telling, the most refused first. */
export function told(rows: readonly Counter[]): string[] {
  const part = ({ held, peak, limit }: Counter): number =>
    number(limit) > 0 ? Math.max(number(held), number(peak)) / number(limit) : 0;
  return [
    ...rows
      .filter(({ fail }) => number(fail) > 0)
      .sort((a, b) => number(b.fail) - number(a.fail))
      .map(({ key, fail }) => `${key} refused ${fail}`),
    ...rows
      .filter((row) => number(row.fail) === 0 && part(row) >= NEAR)
      .map((row) => `${row.key} full (${Math.round(100 * part(row))} %)`),
  ];
}
