/** Containers of a side, more and more of them, and what they take at each step. */
import { mkdirSync } from "node:fs";
import { Absent } from "../contender.ts";
import { type Cached, cached, forget } from "./cache.ts";
import { place } from "./place.ts";
import { guests, managers, type Processes } from "./processes.ts";
import type { Side } from "./side.ts";

/** Containers that start at once. */
const TOGETHER = 4;
/** Milliseconds in which guests become idle and the kernel does what it puts off. */
const SETTLE = 5_000;

/** A moment: bytes, all from the file system's and the processes' own accounts. */
export interface Step {
  containers: number;
  disk: number;
  cache: Cached;
  guests: Processes;
  managers: Processes;
}

export interface Climb {
  side: string;
  images: number;
  version: string;
  how: string;
  /** Bytes in use of a fresh file system. */
  empty: number;
  /** With the images and no container. */
  base: Step;
  steps: Step[];
  /** What the side says itself at its last step. */
  told: string[];
  /** Why it ended before the last step; `null` when it didn't. */
  ended: string | null;
}

/** Climbs in `dir`, which is gone afterwards. Throws Absent where the side can't run. */
export async function climb(
  side: Side,
  dir: string,
  trees: readonly string[],
  steps: readonly number[],
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Climb> {
  mkdirSync(dir, { recursive: true });
  const disk = place(dir, side.filesystem, `${dir}.said`);
  const inits: number[] = [];
  const look = (): Step => ({
    containers: inits.length,
    disk: disk.used(),
    cache: cached(disk.at),
    guests: guests(inits),
    managers: managers(disk.at, side.pids?.() ?? []),
  });
  try {
    const empty = disk.used();
    const opened = await side.open(disk.at, trees);
    disk.used();
    forget(disk.at);
    const found: Climb = {
      side: side.name,
      images: trees.length,
      ...opened,
      empty,
      base: look(),
      steps: [],
      told: [],
      ended: null,
    };
    say(`${side.name}, ${trees.length} images: ready`);
    try {
      for (const most of steps.filter((each) => each <= side.most)) {
        while (inits.length < most) {
          signal.throwIfAborted();
          disk.check();
          const names = Array.from(
            { length: Math.min(TOGETHER, most - inits.length) },
            (_, i) => inits.length + i,
          );
          inits.push(...(await Promise.all(names.map((n) => side.launch(`c${n}`, n % trees.length)))));
        }
        await Bun.sleep(SETTLE);
        found.steps.push(look());
        say(`${side.name}, ${trees.length} images: ${most} run`);
      }
      found.told = side.told?.() ?? [];
    } catch (error) {
      if (signal.aborted) throw error;
      found.ended = `ended at ${inits.length} containers: ${(error as Error).message}`;
      say(`${side.name}: ${found.ended}`);
    }
    return found;
  } catch (error) {
    if (!(error instanceof Absent)) say(`${side.name}: ${String(error)}`);
    throw error;
  } finally {
    await side.close().catch((error) => say(`${side.name}: not closed: ${String(error)}`));
    await disk.close();
  }
}
