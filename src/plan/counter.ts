/** How counters of the kernel, which begin anew with each group, become totals of a container. */
import type { CounterRecord, Culprit, FailCount } from "../spec/counter.ts";

/** What a look at a running container told. */
export interface Look {
  /** The container's. */
  uuid: string;
  start: string;
  since: string;
  run: number;
  /** When init of this run was started, RFC 3339. */
  began: string;
  /** When it was looked, RFC 3339. */
  time: string;
  /** What the kernel's counters say, by level; those that were not read are left out. */
  fails: Readonly<Record<string, number>>;
}

/** What is kept afterwards, and by how much each counter grew. */
export interface Folded {
  record: CounterRecord;
  grown: Record<string, number>;
  /** Whether the record differs from the old one. */
  changed: boolean;
}

const NONE: FailCount = { seen: 0, before: 0, firstFail: null, lastFail: null, lastProcess: null };

export const total = (count: FailCount | undefined): number => (count ? count.before + count.seen : 0);

/** Takes a look in. Totals never fall within one start; a new start begins at nothing. */
export function fold(old: CounterRecord | undefined, look: Look): Folded {
  const { uuid, start, since, run } = look;
  let changed = false;
  let record = old;
  if (!record || record.start !== start) {
    // A container that was found running may have rebooted already.
    const rebooted = run > 1 ? look.began : null;
    record = { uuid, start, since, run, reboots: run - 1, rebooted, fails: {} };
    changed = true;
  } else if (record.run !== run) {
    record = run > record.run ? rebooted(record, look) : { ...record, run };
    changed = true;
  }
  const grown: Record<string, number> = {};
  const fails = { ...record.fails };
  for (const [key, now] of Object.entries(look.fails)) {
    const had = fails[key] ?? NONE;
    if (now === had.seen) continue;
    changed = true;
    // Groups of the guest take their counts with them when they go.
    const lost = Math.max(0, had.seen - now);
    fails[key] = { ...had, seen: now, before: had.before + lost };
    if (now < had.seen) continue;
    grown[key] = now - had.seen;
    fails[key] = { ...fails[key], firstFail: had.firstFail ?? look.time, lastFail: look.time };
  }
  return { record: changed ? { ...record, fails } : record, grown, changed };
}

/** The kernel's counters begin anew; what they held is kept. */
function rebooted(record: CounterRecord, look: Look): CounterRecord {
  const fails = Object.entries(record.fails).map(([key, count]) => [
    key,
    { ...count, before: count.before + count.seen, seen: 0 },
  ]);
  return {
    ...record,
    run: look.run,
    reboots: record.reboots + look.run - record.run,
    rebooted: look.began,
    fails: Object.fromEntries(fails),
  };
}

/** Notes which process a refusal hit; the newest stays, and one of an earlier start, heard of late, doesn't count. */
export function blame(record: CounterRecord, key: string, culprit: Culprit): CounterRecord {
  const count = record.fails[key] ?? NONE;
  if (culprit.time < record.since) return record;
  if (count.lastProcess && count.lastProcess.time > culprit.time) return record;
  return { ...record, fails: { ...record.fails, [key]: { ...count, lastProcess: culprit } } };
}
