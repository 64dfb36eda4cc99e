import { type Schedule, SHORTEST_EVERY, type SnapshotRecord } from "../spec/snapshot.ts";

type Dated = Pick<SnapshotRecord, "id" | "created" | "expires" | "by">;

/**
 * Whether a schedule's next snapshot is due at `now` (ms since 1970). However many were missed while no daemon ran, one
 * is made. A clock that was set back by more than the shortest time does not stop it.
 */
export function isDue({ every, last }: Schedule, now: number): boolean {
  const passed = now - Date.parse(last);
  return passed >= every * 1000 || passed < -SHORTEST_EVERY * 1000;
}

/** Which snapshots have had their time at `now`: those that expire, and those a schedule made beyond what it keeps. */
export function outdated<S extends Dated>(
  schedule: Schedule | undefined,
  snapshots: readonly S[],
  now: number,
): S[] {
  const past = snapshots.filter(({ expires }) => expires !== null && Date.parse(expires) <= now);
  if (!schedule) return past;
  const scheduled = snapshots.filter((s) => s.by === "schedule" && !past.includes(s));
  scheduled.sort((a, b) => (a.created < b.created ? 1 : -1));
  return [...past, ...scheduled.slice(schedule.keep)];
}

/** The first of `snap0`, `snap1`, ... that isn't taken. */
export function freeName(taken: ReadonlySet<string>): string {
  for (let i = 0; ; i++) if (!taken.has(`snap${i}`)) return `snap${i}`;
}

/** Name of a snapshot that a schedule makes at `now`, to the second; it sorts by time. */
export function scheduledName(now: number, taken: ReadonlySet<string>): string {
  const text = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");
  for (let i = 0; ; i++) {
    const name = `auto-${text}${i === 0 ? "" : `-${i}`}`;
    if (!taken.has(name)) return name;
  }
}
