/** Each entry brings the schema one version further; never edit one that was released, add another. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE containers (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE images (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE operations (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
   CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, value TEXT NOT NULL);
   CREATE UNIQUE INDEX container_slot ON containers (json_extract(value, '$.slot'));
   CREATE UNIQUE INDEX container_uuid ON containers (json_extract(value, '$.uuid'));`,
  `CREATE TABLE profiles (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE counters (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE snapshots (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
  `CREATE TABLE pools (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`,
];
