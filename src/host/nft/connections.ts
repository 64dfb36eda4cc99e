/**
 * How many connections of each container the host tracks at one time: a table of its own, since it outlives the daemon
 * with what it counted.
 *
 * A connection counts for the container that begins it. What must never happen here: a rule for each container; they
 * share those of their limits, and one that has the limit of all costs nothing.
 */
import {
  type ConnectionLimits,
  type ConnectionTable,
  forgetBatch,
  isTable,
  limitBatch,
  limitedBy,
  limitsOf,
  tableLines,
} from "./connections-text.ts";
import { batch, remove } from "./index.ts";
import { openSession, TRIES } from "./session.ts";

/** The connection limits of one instance. */
export interface Connections {
  /** Why this host can't limit them, or `null`. */
  missing: string | null;
  /** What is in force and was dropped, as last listed. */
  now(): ConnectionLimits;
  list(): Promise<void>;
  /** Gives a link a limit of its own: `undefined` is the one of all, `null` none. What is open isn't counted anew. */
  limit(link: string, most: number | null | undefined): Promise<void>;
  /** The same for the arguments of nft(8), to be carried out later whatever is then; `null` when nothing is to do. */
  words(link: string, most: number | null | undefined): string | null;
  /** Forgets a link that is gone. */
  forget(link: string): Promise<void>;
  teardown(): Promise<void>;
}

const NOTHING: ConnectionLimits = { own: new Map(), drops: new Map(), counted: new Map(), chains: new Set() };

/** Puts the table in force, or goes on with the one there is. */
export async function openConnections(config: ConnectionTable): Promise<Connections> {
  const { table } = config;
  let now = NOTHING;
  let missing: string | null = null;
  /** Changes are made one after the other, each from what the one before left. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T>): Promise<T> => {
    const turn = last.then(act);
    last = turn.catch(() => undefined);
    return turn;
  };
  const nft = openSession();
  const listing = () => nft.list(`table inet ${table}`);
  const list = async (): Promise<void> => {
    now = limitsOf(await listing());
  };
  const change = async (lines: string): Promise<void> => {
    if (lines === "") return;
    await nft.batch(lines);
    await list();
  };
  /** nft does a batch whole or not at all, so what follows from it is known without a second nft. */
  const limit = async (links: ReadonlyMap<string, number | null | undefined>): Promise<void> => {
    for (let left = TRIES; ; left--) {
      const lines = limitBatch(config, links, now);
      try {
        if (lines !== "") await nft.batch(lines);
        now = limitedBy(config, links, now);
        return;
      } catch (error) {
        // Somebody changed the table under our hands, or nft did not live to tell: once more, from what is there.
        if (left === 1) throw error;
        await list();
      }
    }
  };

  // What can't even be listed is told below, by what can't be made.
  if (!isTable(await listing().catch(() => ""), config))
    await batch(tableLines(config)).catch(() => {
      missing = "the kernel has no nft_connlimit";
    });
  // Without its table in sight nobody can have a limit of their own; the daemon serves all the same.
  if (missing === null)
    await list().catch((error: Error) => {
      missing = `nft --interactive does not answer: ${error.message}`;
    });
  return {
    missing,
    now: () => now,
    list: () => inTurn(list),
    limit: (link, most) => inTurn(() => limit(new Map([[link, most]]))),
    words(link, most) {
      if (now.own.get(link) === most) return null;
      // The chain of the limit may be gone by then.
      const lines = limitBatch(config, new Map([[link, most]]), { ...now, chains: new Set() });
      return lines.trim().replaceAll("\n", " ; ");
    },
    forget: (link) =>
      inTurn(async () => {
        await list();
        await change(limitBatch(config, new Map([[link, undefined]]), now));
        await change(forgetBatch(table, [link], now));
      }),
    teardown: () =>
      inTurn(async () => {
        nft.end();
        await remove(table);
      }),
  };
}
