/**
 * What the daemons of one host must agree on: who has which id ranges and address number, and what the kernel's
 * switches were before the first of us changed them.
 *
 * It lives under /run, so a reboot of the host forgets it together with the switches. SQLite's lock makes every change
 * atomic between processes. What must never happen here: two daemons with one id range.
 */
import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { WarrenError } from "../../spec/errors.ts";

const DIR = "/run/warren-host";
/** Id ranges of 65 536 in a block. */
export const SLOTS_PER_BLOCK = 256;
/** Blocks in `root:1000000:1000000000`. */
export const BLOCKS = Math.floor(1_000_000_000 / 65_536 / SLOTS_PER_BLOCK);

export interface Claims {
  /** The blocks of `owner` (a state directory), at least those in `had` and at least one. Throws IN_USE. */
  blocks(owner: string, had: readonly number[], wish: number): number[];
  /** One more block for `owner`. Throws REFUSED when the host's ids are used up. */
  oneMore(owner: string): number;
  /** Keeps the value a switch had before any of us changed it. */
  remember(name: string, value: string): void;
  /** Gives up all of `owner`; when it was the last, answers the switches to put back, and forgets everything. */
  release(owner: string): Map<string, string>;
}

function open(dir: string): Database {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const db = new Database(`${dir}/claims.db`, { create: true, strict: true });
  db.exec("PRAGMA busy_timeout = 10000");
  db.exec(`CREATE TABLE IF NOT EXISTS claims (block INTEGER PRIMARY KEY, owner TEXT NOT NULL);
           CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);`);
  return db;
}

/** Opens the file for one piece of work, again when the last daemon took it away meanwhile. */
function withClaims<T>(dir: string, work: (db: Database) => T): T {
  for (let attempt = 0; ; attempt++) {
    const db = open(dir);
    try {
      const inode = statSync(`${dir}/claims.db`).ino;
      return db
        .transaction(() => {
          if (!existsSync(`${dir}/claims.db`) || statSync(`${dir}/claims.db`).ino !== inode) throw new Gone();
          return work(db);
        })
        .immediate() as T;
    } catch (error) {
      if (!(error instanceof Gone) || attempt > 5) throw error;
    } finally {
      db.close();
    }
  }
}
class Gone extends Error {}

export function hostClaims(dir = DIR): Claims {
  const ownerOf = (db: Database, block: number): string | undefined =>
    (db.query("SELECT owner FROM claims WHERE block = ?").get(block) as { owner: string } | null)?.owner;
  const take = (db: Database, block: number, owner: string): void =>
    void db.query("INSERT OR IGNORE INTO claims VALUES (?, ?)").run(block, owner);
  const firstFree = (db: Database, from: number): number => {
    for (let i = 0; i < BLOCKS; i++) {
      const block = (from + i) % BLOCKS;
      const owner = ownerOf(db, block);
      if (owner === undefined) return block;
      // A state directory that was deleted without `daemon stop` gives its ranges back.
      if (!existsSync(owner)) {
        db.query("DELETE FROM claims WHERE block = ?").run(block);
        return block;
      }
    }
    throw new WarrenError(
      "REFUSED",
      "every id range of this host is given out",
      "delete containers that are not needed",
    );
  };
  return {
    blocks: (owner, had, wish) =>
      withClaims(dir, (db) => {
        for (const block of had) {
          const other = ownerOf(db, block);
          if (other !== undefined && other !== owner)
            throw new WarrenError(
              "IN_USE",
              `the id ranges of ${owner} are used by the daemon of ${other}`,
              "stop that one first",
            );
          take(db, block, owner);
        }
        const own = (
          db.query("SELECT block FROM claims WHERE owner = ? ORDER BY block").all(owner) as {
            block: number;
          }[]
        ).map((row) => row.block);
        if (own.length > 0) return own;
        const block = firstFree(db, wish);
        take(db, block, owner);
        return [block];
      }),
    oneMore: (owner) =>
      withClaims(dir, (db) => {
        const block = firstFree(db, 0);
        take(db, block, owner);
        return block;
      }),
    remember: (name, value) =>
      withClaims(dir, (db) => void db.query("INSERT OR IGNORE INTO switches VALUES (?, ?)").run(name, value)),
    release(owner) {
      withClaims(dir, (db) => void db.query("DELETE FROM claims WHERE owner = ?").run(owner));
      // A transaction of its own that writes nothing: it has no journal, so the file may go while it holds the lock.
      return withClaims(dir, (db) => {
        if (db.query("SELECT 1 FROM claims LIMIT 1").get() !== null) return new Map();
        const rows = db.query("SELECT name, value FROM switches").all() as { name: string; value: string }[];
        rmSync(dir, { recursive: true, force: true });
        return new Map(rows.map((row) => [row.name, row.value]));
      });
    },
  };
}
