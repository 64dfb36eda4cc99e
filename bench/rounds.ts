import { timed } from "./figures.ts";
import type { Entry } from "./report.ts";

/** Milliseconds of rest before each measured command: what the one before left to do must not be counted twice. */
const REST = 100;

/** Measures one thing and keeps it. */
export async function measure(entry: Entry, what: string, act: () => void | Promise<void>): Promise<void> {
  await Bun.sleep(REST);
  const ms = await timed(act);
  const kept = entry.times.get(what) ?? [];
  kept.push(ms);
  entry.times.set(what, kept);
}

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
    for (const entry of [...entries.slice(first), ...entries.slice(0, first)])
      await life(entry, `round-${round}`);
    say(`round ${round + 1} of ${runs}`);
  }
}

async function life(entry: Entry, name: string): Promise<void> {
  const { contender } = entry;
  await measure(entry, "launch", () => contender.launch(name));
  await measure(entry, "exec true", () => contender.exec(name));
  if (contender.list) await measure(entry, "list, 1 running", contender.list);
  contender.kill(name);
  await measure(entry, "start", () => contender.start(name));
  await measure(entry, "delete --force", () => contender.remove(name));
}
