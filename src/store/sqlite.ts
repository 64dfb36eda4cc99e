import { constants, Database } from "bun:sqlite";
import { chmodSync, closeSync, existsSync, openSync, statfsSync } from "node:fs";
import type { ContainerRecord } from "../spec/container.ts";
import type { CounterRecord } from "../spec/counter.ts";
import { WarrenError } from "../spec/errors.ts";
import type { WarrenEvent } from "../spec/event.ts";
import type { ImageRecord } from "../spec/image.ts";
import type { OperationRecord } from "../spec/operation.ts";
import type { PoolRecord } from "../spec/pool.ts";
import type { ProfileRecord } from "../spec/profile.ts";
import type { SnapshotRecord } from "../spec/snapshot.ts";
import type { EventLog, Records, Settings, Store } from "./index.ts";
import { MIGRATIONS } from "./migrations.ts";

/** Events kept; older ones are forgotten at start. */
const EVENTS_KEPT = 100_000;

/** Opens (and brings up to date) the store in one file. Throws FAILED when the file is from a newer Warren. */
export function openStore(file: string): Store {
  // Hashes of passwords wait in it for a container's first start; SQLite gives its other files the same mode.
  if (file !== ":memory:") {
    closeSync(openSync(file, "a", 0o600));
    for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) chmodSync(path, 0o600);
  }
  const db = new Database(file, { create: true, strict: true });
  // WAL: a kill -9 at any point loses nothing committed; NORMAL syncs at checkpoints, which a power cut may roll
  // back to, never a crash of ours.
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000;");
  db.exec("PRAGMA secure_delete = ON");
  migrate(db, file);
  if (file !== ":memory:") keepRoom(db, file);
  db.exec(`DELETE FROM events WHERE seq <= (SELECT coalesce(max(seq), 0) FROM events) - ${EVENTS_KEPT}`);
  const containers = records<ContainerRecord>(db, "containers", "container");
  const images = records<ImageRecord>(db, "images", "image");
  const operations = records<OperationRecord>(db, "operations", "operation");
  const profiles = records<ProfileRecord>(db, "profiles", "profile");
  const pools = records<PoolRecord>(db, "pools", "pool");
  const snapshots = records<SnapshotRecord>(db, "snapshots", "snapshot");
  const counters = records<CounterRecord>(db, "counters", "counters of");
  return {
    containers,
    images,
    operations,
    profiles,
    pools,
    snapshots,
    counters,
    events: eventLog(db),
    settings: settings(db),
    transaction(work) {
      try {
        return db.transaction(work).immediate() as ReturnType<typeof work>;
      } catch (error) {
        // The file went back to what it was; what is kept in memory must too.
        for (const table of [containers, images, operations, profiles, pools, snapshots, counters])
          table.reload();
        throw error;
      }
    },
    close: () => db.close(),
  };
}

/**
 * Bytes of free pages kept in the file. Twice as many go through the log, which makes that longer than it ever gets: SQLite
 * begins it again after 1000 pages of 4 KiB (sqlite.org/wal.html, "Checkpointing").
 */
const ROOM = 600 * 4096;

/**
 * Makes the file and its log as long as some thousand changes need, which are then written in place: on a full disk containers
 * can still be stopped and deleted. Not on btrfs, which writes nothing in place.
 */
function keepRoom(db: Database, file: string): void {
  // Else the log goes with the last who closes the file, and its place with it.
  db.fileControl(constants.SQLITE_FCNTL_PERSIST_WAL, 1);
  const { bavail, bsize } = statfsSync(file);
  // On a disk that is nearly full, what was kept at an earlier start is not to be risked.
  if (bavail * bsize < 4 * ROOM) return;
  // A start that was cut short may have left the table.
  db.exec("DROP TABLE IF EXISTS room; CREATE TABLE room (data BLOB)");
  db.exec(`INSERT INTO room VALUES (zeroblob(${ROOM})); DROP TABLE room; PRAGMA wal_checkpoint(RESTART)`);
}

function migrate(db: Database, file: string): void {
  const at = (db.query("PRAGMA user_version").get() as { user_version: number }).user_version;
  if (at > MIGRATIONS.length)
    throw new WarrenError("FAILED", `${file} was written by a newer Warren (schema ${at})`, "upgrade Warren");
  MIGRATIONS.slice(at).forEach((sql, i) => {
    db.transaction(() => {
      db.exec(sql);
      db.exec(`PRAGMA user_version = ${at + i + 1}`);
    }).immediate();
  });
}

/** Records are few (thousands) and read all the time, so they are kept in memory beside the file. */
function records<T>(db: Database, table: string, noun: string): Records<T> & { reload(): void } {
  type Row = { key: string; value: string };
  const cache = new Map<string, T>();
  const reload = (): void => {
    cache.clear();
    const rows = db.query(`SELECT key, value FROM ${table}`).all() as Row[];
    for (const row of rows) cache.set(row.key, JSON.parse(row.value) as T);
  };
  reload();
  const insert = db.query(`INSERT INTO ${table} (key, value) VALUES (?, ?)`);
  const update = db.query(`UPDATE ${table} SET value = ? WHERE key = ?`);
  const remove = db.query(`DELETE FROM ${table} WHERE key = ?`);
  return {
    reload,
    get: (key) => cache.get(key),
    list: () => [...cache.values()],
    insert(key, value) {
      if (cache.has(key))
        throw new WarrenError(
          "EXISTS",
          `${noun} "${key}" exists already`,
          "choose another name or delete it first",
        );
      insert.run(key, JSON.stringify(value));
      cache.set(key, value);
    },
    update(key, change, ifVersion) {
      const old = cache.get(key);
      if (old === undefined) throw new WarrenError("FAILED", `${noun} "${key}" is gone`, "look at the list");
      const version = (old as { version?: number }).version;
      if (ifVersion !== undefined && version !== ifVersion)
        throw new WarrenError("CHANGED", `${noun} "${key}" changed since it was read`, "read it again");
      const changed = change(old);
      const next = version === undefined ? changed : { ...changed, version: version + 1 };
      update.run(JSON.stringify(next), key);
      cache.set(key, next);
      return next;
    },
    delete(key) {
      remove.run(key);
      cache.delete(key);
    },
  };
}

function eventLog(db: Database): EventLog {
  const insert = db.query("INSERT INTO events (value) VALUES (?) RETURNING seq");
  const since = db.query("SELECT seq, value FROM events WHERE seq > ? ORDER BY seq LIMIT ?");
  const last = db.query("SELECT coalesce(max(seq), 0) AS seq FROM events");
  return {
    append(event) {
      const body = { time: new Date().toISOString(), ...event };
      const { seq } = insert.get(JSON.stringify(body)) as { seq: number };
      return { seq, ...body };
    },
    since: (seq, limit) =>
      (since.all(seq, limit) as { seq: number; value: string }[]).map((row) => ({
        seq: row.seq,
        ...(JSON.parse(row.value) as Omit<WarrenEvent, "seq">),
      })),
    last: () => (last.get() as { seq: number }).seq,
  };
}

function settings(db: Database): Settings {
  const get = db.query("SELECT value FROM settings WHERE key = ?");
  const set = db.query(
    "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
  );
  return {
    get: (key) => (get.get(key) as { value: string } | null)?.value,
    set: (key, value) => void set.run(key, value),
  };
}
