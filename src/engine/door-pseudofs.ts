import {
  limitPts,
  limitShm,
  MOST_PTYS,
  mountPts,
  mountShm,
  ptsOptions,
  ptysAllowed,
  ptysOpen,
  release,
  shmOptions,
  shmUse,
} from "../host/pseudofs/index.ts";
import { WarrenError } from "../spec/errors.ts";
import type { DoorValues, LevelDoor, LevelTarget } from "./level-door.ts";
import type { Paths } from "./paths.ts";

/** Milliseconds for which one reading of the host's mounts serves: a sweep over a thousand containers takes one. */
const FRESH = 500;

const ptys = (text: string | undefined): number => (text === undefined ? MOST_PTYS : Number(text));

/** Limits of a guest's terminals (`pts`, `pts.held`) and shared memory (`shm`, `shm.held`). */
export function openPseudofs(paths: Pick<Paths, "pts" | "shm">, shmDefault: () => number): LevelDoor {
  let allowed = new Map<string, number>();
  let read = Number.NEGATIVE_INFINITY;
  const refresh = (): void => {
    allowed = ptysAllowed();
    read = performance.now();
  };
  const shm = (text: string | undefined): number => (text === undefined ? shmDefault() : Number(text));

  function hook({ uuid, base }: LevelTarget, values: DoorValues, again: boolean): string[] {
    // The mounts of the start are still there after a reboot, with what was in them.
    const empty = `empty ${paths.shm(uuid)}`;
    if (!again) return [empty];
    return [
      empty,
      remount(paths.pts(uuid), ptsOptions(base, ptys(values.pts))),
      remount(paths.shm(uuid), shmOptions(base, shm(values.shm))),
    ];
  }

  return {
    lasting: true,
    missing: () => null,
    async look(_, afresh) {
      // Only sweeps come in such numbers that they must share one reading; a change is planned from what is there now.
      if (!afresh || performance.now() - read > FRESH) refresh();
    },
    read({ uuid }, file) {
      if (file === "pts") return show(allowed.get(paths.pts(uuid)) ?? null);
      if (file === "pts.held") return show(ptysOpen(paths.pts(uuid)));
      return show(shmUse(paths.shm(uuid))?.[file === "shm" ? "size" : "held"] ?? null);
    },
    async write({ name, uuid, base }, file, text) {
      const at = file === "pts" ? paths.pts(uuid) : paths.shm(uuid);
      if (ptysOpen(at) === null)
        throw new WarrenError("FAILED", `${at} isn't mounted`, `restart it: warren restart ${name}`, { at });
      if (file === "pts") limitPts(at, base, ptys(text));
      else limitShm(at, base, shm(text));
      refresh();
    },
    prepare({ uuid, base }, values) {
      // What was read before knows nothing of these mounts.
      read = Number.NEGATIVE_INFINITY;
      mountPts(paths.pts(uuid), base, ptys(values.pts));
      mountShm(paths.shm(uuid), base, shm(values.shm));
    },
    hook,
    release({ uuid }) {
      for (const at of [paths.pts(uuid), paths.shm(uuid)]) release(at);
    },
  };
}

const show = (value: number | null): string | null => (value === null ? null : String(value));
const remount = (at: string, options: string): string => `run /bin/mount -o remount,${options} ${at}`;
