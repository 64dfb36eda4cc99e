/** Carries out a plan of level writes: all of it holds, or all of it is taken back. */
import { changeOf, type LevelStep, type Present, undoSteps } from "../plan/level.ts";
import { bytes } from "../spec/codec.ts";
import type { LevelValues } from "../spec/container.ts";
import { asWarrenError, WarrenError } from "../spec/errors.ts";
import type { LevelHost, Lowering } from "../spec/level.ts";
import type { LevelKernel } from "./level-door.ts";
import { holds, readSetting } from "./level-kernel.ts";

/** Times that memory is asked back before a limit below it is given up. */
const TRIES = 4;

const errnoOf = (error: unknown): unknown => asWarrenError(error).details?.errno;

const heldNow = (cgroups: LevelKernel, group: string, controller: string, { held }: Lowering): number =>
  Number(cgroups.read(group, controller, held) ?? 0);

/** The error of a limit that stays above what it should be, with the figure it stopped at. */
function stuck(step: LevelStep, held: number): WarrenError {
  return new WarrenError(
    "REFUSED",
    `${step.key} can't go down to ${bytes.format(Number(step.to))}: ${bytes.format(held)} are held and not given back`,
    "end something in the container or give more",
    { key: step.key, file: step.file, held, wanted: Number(step.to) },
  );
}

/** Asks the kernel to take back what a limit of `to` leaves no room for (memory.reclaim: Linux 5.19). */
async function reclaim(
  cgroups: LevelKernel,
  group: string,
  step: LevelStep,
  lowering: Lowering,
): Promise<void> {
  for (let left = TRIES; ; left--) {
    const held = heldNow(cgroups, group, step.controller, lowering);
    const excess = held - Number(step.to);
    if (excess <= 0) return;
    if (left === 0) throw stuck(step, held);
    await cgroups.write(group, step.controller, step.file, String(excess)).catch((error) => {
      // EAGAIN: not all of it; ENOENT: an older kernel, where the ceiling alone does the work.
      if (!["EAGAIN", "ENOENT"].includes(String(errnoOf(error)))) throw error;
    });
  }
}

/** Writes a limit where the kernel answers EBUSY rather than killing. */
async function writeBusy(
  cgroups: LevelKernel,
  group: string,
  step: LevelStep,
  lowering: Lowering,
): Promise<void> {
  for (let left = TRIES; ; left--) {
    try {
      return await cgroups.write(group, step.controller, step.file, step.to);
    } catch (error) {
      if (errnoOf(error) !== "EBUSY") throw error;
      if (left === 0) throw stuck(step, heldNow(cgroups, group, step.controller, lowering));
    }
    await cgroups.write(group, step.controller, lowering.reclaim, "0").catch((error) => {
      // It gave what it could; the limit's own write tells whether that was enough.
      if (!["EAGAIN", "EBUSY"].includes(String(errnoOf(error)))) throw error;
    });
  }
}

async function perform(cgroups: LevelKernel, group: string, step: LevelStep): Promise<void> {
  const at = step.below === "" ? group : `${group}/${step.below}`;
  if (step.action === "reclaim" && step.lowering) await reclaim(cgroups, group, step, step.lowering);
  else if (step.lowering) await writeBusy(cgroups, group, step, step.lowering);
  else await cgroups.write(at, step.controller, step.file, step.to);
}

/** Takes done steps back, last first, each tried again before it is given up; answers those that stayed. */
async function undo(
  cgroups: LevelKernel,
  group: string,
  done: readonly LevelStep[],
  have: readonly Present[],
  host: LevelHost,
) {
  const stayed: LevelStep[] = [];
  for (const step of done.toReversed())
    for (const back of undoSteps(step, have)) {
      const tried = async (left: number): Promise<void> =>
        perform(cgroups, group, back).catch((error) => {
          if (left === 0) throw error;
          return tried(left - 1);
        });
      await tried(TRIES).catch(() => stayed.push(back));
    }
  await restore(cgroups, group, have, host);
  return stayed;
}

/**
 * The kernel changes some settings beside the one that was written (cpu.idle resets the weight), and one of many lines
 * may have been written in part: those go back too.
 */
async function restore(
  cgroups: LevelKernel,
  group: string,
  have: readonly Present[],
  host: LevelHost,
): Promise<void> {
  for (const { setting, text } of have) {
    const now = readSetting(cgroups, group, setting, host);
    if (now === null || text === "" || changeOf(setting, now, text) === "none") continue;
    // Best effort: what could not be undone was told already.
    await cgroups.write(group, setting.controller, setting.file, text).catch(() => undefined);
  }
}

/** The first setting that doesn't keep what the plan wanted. */
function readBack(
  cgroups: LevelKernel,
  group: string,
  have: readonly Present[],
  want: LevelValues,
  host: LevelHost,
): void {
  for (const { setting } of have) {
    const { file, of, when } = setting;
    if (when?.(want, host) === false) continue;
    const wrote = setting.text(want, host);
    const read = readSetting(cgroups, group, setting, host);
    if (read !== null && holds(setting, wrote, read)) continue;
    throw new WarrenError(
      "FAILED",
      `the kernel keeps ${read ?? "nothing"} instead of ${wrote} in ${file}`,
      "",
      {
        key: of[0],
        file,
        wrote,
        read,
      },
    );
  }
}

/** A change under way: what to do, what was there, what shall be there. */
export interface LevelWork {
  cgroups: LevelKernel;
  group: string;
  steps: readonly LevelStep[];
  have: readonly Present[];
  want: LevelValues;
  host: LevelHost;
  /** Brings what was written into reach of the reading back. */
  look(): Promise<void>;
  /** The last step, done once everything is in force; its failure takes everything back. */
  keep(): void;
}

/**
 * Applies, reads back, keeps. Throws REFUSED (memory that isn't given back) or FAILED, `details.key` naming the level,
 * after everything was undone; `details.stayed` lists what could not be.
 */
export async function applyLevels({
  cgroups,
  group,
  steps,
  have,
  want,
  host,
  look,
  keep,
}: LevelWork): Promise<void> {
  const done: LevelStep[] = [];
  let at: LevelStep | undefined;
  const slow: Promise<() => void>[] = [];
  /** Waits for the slow ones; throws what the first of them that failed threw. */
  const settled = async (): Promise<void> => {
    for (const verdict of await Promise.all(slow.splice(0))) verdict();
  };
  try {
    for (const step of steps) {
      if (cgroups.slow(step.controller)) {
        slow.push(begin(cgroups, group, step, done));
        continue;
      }
      if (step.last) await settled();
      at = step;
      await perform(cgroups, group, step);
      done.push(step);
      at = undefined;
    }
    await settled();
    await look();
    readBack(cgroups, group, have, want, host);
    keep();
  } catch (thrown) {
    await Promise.all(slow);
    const stayed = await undo(cgroups, group, done, have, host);
    throw refusal(asWarrenError(thrown), at, stayed);
  }
}

/** Begins a step; what comes of it is told by the function it resolves to, so that nothing is thrown unheard. */
async function begin(
  cgroups: LevelKernel,
  group: string,
  step: LevelStep,
  done: LevelStep[],
): Promise<() => void> {
  try {
    await perform(cgroups, group, step);
    done.push(step);
    return () => undefined;
  } catch (thrown) {
    const error = asWarrenError(thrown);
    return () => {
      throw new WarrenError(error.code, `${step.key} was refused: ${error.message}`, error.fix, {
        ...error.details,
        key: step.key,
      });
    };
  }
}

function refusal(error: WarrenError, step: LevelStep | undefined, stayed: readonly LevelStep[]): WarrenError {
  const key = step?.key ?? error.details?.key;
  const told =
    step === undefined || error.message.startsWith(step.key)
      ? error.message
      : `${step.key} was refused: ${error.message}`;
  const after =
    stayed.length === 0
      ? "nothing was changed"
      : `${stayed.map(({ file }) => file).join(", ")} stayed changed`;
  const details = {
    ...error.details,
    ...(key === undefined ? {} : { key }),
    ...(stayed.length === 0
      ? {}
      : { stayed: stayed.map(({ file, from, to }) => ({ file, has: from, should: to })) }),
  };
  return new WarrenError(
    error.code,
    `${told}; ${after}`,
    error.fix || "see the kernel's log (dmesg)",
    details,
    error,
  );
}
