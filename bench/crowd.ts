import { figure } from "./figures.ts";
import { held, ownProcesses, residentSize, type Share, shareOf } from "./memory.ts";
import type { Entry } from "./report.ts";
import { measure, paces } from "./rounds.ts";

/** Batches in which a crowd is launched; each gives one measurement of its memory. */
const BATCHES = 3;
/** Milliseconds in which guests finish their boot and the kernel what it puts off. */
const SETTLE = 2_000;

/** Launches many containers of each manager, looks at the memory meanwhile, and leaves them running. */
export async function measureCrowd(
  entries: readonly Entry[],
  crowd: number,
  say: (line: string) => void,
): Promise<void> {
  for (const entry of entries.filter(({ contender }) => contender.crowd)) {
    const { contender } = entry;
    const pids = (): number[] => contender.pids?.() ?? [];
    const idle = residentSize(ownProcesses(contender.dir, pids()));
    const shares: Share[] = [];
    await Bun.sleep(SETTLE);
    let before = held(contender.dir, pids());
    const size = Math.floor(crowd / BATCHES);
    for (let n = 0; n < crowd; n++) {
      await contender.launch(`crowd-${n}`);
      if ((n + 1) % size > 0) continue;
      await Bun.sleep(SETTLE);
      const after = held(contender.dir, pids());
      shares.push(shareOf(before, after, size));
      before = after;
    }
    const middle = (of: keyof Share): number => figure(shares.map((share) => share[of]))?.median ?? 0;
    entry.memory = {
      share: { whole: middle("whole"), processes: middle("processes"), guest: middle("guest") },
      daemon: idle,
    };
    say(`${contender.name}: ${crowd} run`);
  }
}

/** Lists the crowds, one manager after the other. */
export async function measureList(
  entries: readonly Entry[],
  { crowd, runs }: { crowd: number; runs: number },
  say: (line: string) => void,
): Promise<void> {
  for (let round = 0; round < runs; round++)
    for (const entry of entries)
      for (const pace of paces) {
        const { list } = entry.contender;
        // The first of those back to back finds nothing of its own in the caches.
        if (pace === "back to back") list?.();
        if (list) await measure(entry, pace, `list, ${crowd} running`, list);
      }
  say(`listed ${runs} times; ending`);
}
