/**
 * User namespaces that shift ids, for idmapped mounts.
 *
 * What must never happen here: a range that is not the container's own.
 */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { type Helper, startHelper } from "../exec/helper.ts";
import { idMap } from "./text.ts";

/** A user namespace, held open by a descriptor. */
export interface IdShift {
  fd: number;
  close(): void;
}

/** Shifts made from namespaces that were begun ahead. */
export interface Shifts {
  /** As `shiftTo`, in microseconds when the one begun ahead is ready. */
  to(base: number): Promise<IdShift>;
  /** Lets go of the one begun ahead. */
  stop(): void;
}

const unmapped = (): Promise<Helper> => startHelper(["unshare", "--user", "cat"]);

/**
 * Makes a user namespace in which the ids 0..65 535 are the host's `base`.. ; the namespace lives as long as a mount
 * or the descriptor uses it. Takes about 5 ms, the time of two programs. Source: user_namespaces(7).
 */
export const shiftTo = async (base: number): Promise<IdShift> => map(await unmapped(), base);

function map(helper: Helper, base: number): IdShift {
  try {
    const text = idMap(base);
    writeFileSync(`/proc/${helper.pid}/uid_map`, text);
    writeFileSync(`/proc/${helper.pid}/gid_map`, text);
    const fd = openSync(`/proc/${helper.pid}/ns/user`, "r");
    return { fd, close: () => closeSync(fd) };
  } finally {
    void helper.end();
  }
}

/** Milliseconds after a use until the next namespace is begun: what the first one is for must be over. */
const LULL = 50;

/**
 * Keeps one namespace ahead, which has no map yet: a start need not wait for it. Its process sleeps and ends with us,
 * whatever way we end.
 */
export function keepShifts(): Shifts {
  let ahead: Helper | null = null;
  let timer: Timer | null = null;
  let stopped = false;
  const begin = async (): Promise<void> => {
    const helper = await unmapped().catch(() => null);
    if (stopped || ahead) void helper?.end();
    else ahead = helper;
  };
  const later = (): void => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => void begin(), LULL);
  };
  later();
  return {
    async to(base) {
      const helper = ahead;
      ahead = null;
      later();
      if (helper?.alive()) return map(helper, base);
      return shiftTo(base);
    },
    stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      void ahead?.end();
    },
  };
}
