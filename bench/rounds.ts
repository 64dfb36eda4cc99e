import { timed } from "./figures.ts";
import { type Entry, PACES, type Pace } from "./report.ts";

/** Measures one thing and keeps it. */
export async function measure(
  { times }: Entry,
  pace: Pace,
  what: string,
  act: () => void | Promise<void>,
): Promise<void> {
  await Bun.sleep(PACES[pace]);
  const ms = await timed(act);
  const kept = times[pace].get(what) ?? [];
  kept.push(ms);
  times[pace].set(what, kept);
}

export const paces = Object.keys(PACES) as Pace[];
/** Milliseconds between two managers: what one left to do must not be counted as the next one's. */
const CHANGE = 300;

/** One container's life again and again, one manager after the other, another one first in each round. */
export async function measureRounds(
  entries: readonly Entry[],
  runs: number,
  say: (line: string) => void,
): Promise<void> {
  for (const { contender } of entries) {
    // The first one fills caches and is not counted.
    await contender.launch("warm");
    contender.exec("warm");
    await contender.remove("warm");
  }
  for (let round = 0; round < runs; round++) {
    const first = round % entries.length;
    for (const entry of [...entries.slice(first), ...entries.slice(0, first)]) {
      await Bun.sleep(CHANGE);
      for (const pace of paces) await life(entry, pace, `round-${round}-${PACES[pace]}`);
    }
    say(`round ${round + 1} of ${runs}`);
  }
}

async function life(entry: Entry, pace: Pace, name: string): Promise<void> {
  const { contender } = entry;
  await measure(entry, pace, "launch", () => contender.launch(name));
  await measure(entry, pace, "exec true", () => contender.exec(name));
  if (contender.list) await measure(entry, pace, "list, 1 running", contender.list);
  contender.kill(name);
  await measure(entry, pace, "start", () => contender.start(name));
  await measure(entry, pace, "delete --force", () => contender.remove(name));
}
