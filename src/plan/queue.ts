/** What waits or runs, in the order it came. */
export interface Ticket {
  id: string;
  locks: readonly string[];
  running: boolean;
}

/**
 * Which waiting tickets may run now: those none of whose locks is wanted by an earlier one that has not ended.
 *
 * Earlier means earlier even when it waits itself, so work on one container happens in the order it was asked for.
 */
export function mayRun(tickets: readonly Ticket[]): string[] {
  const taken = new Set<string>();
  const ready: string[] = [];
  for (const ticket of tickets) {
    const free = ticket.locks.every((lock) => !taken.has(lock));
    if (!ticket.running && free) ready.push(ticket.id);
    for (const lock of ticket.locks) taken.add(lock);
  }
  return ready;
}
