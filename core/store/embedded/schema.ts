// The tables of the embedded engine's file, and how the file of an older version becomes one of this.
//
//   log_N    one row per revision of the type with number N, holding the value. A table for each type: new rows are then always the
//            last of their table, where SQLite appends without moving the rows of its neighbours to other pages.
//   current  which log row holds each key's value. Values are stored once.
//   ended    which log row is the newest of a key that has no value, as long as it is there.
//   types    number and compacted revision of each type. Its head is that of its log, so that a commit does not touch this table.
//
// `current` and `ended` are the index. They lie behind the logs, up to the revision `indexed` of each type: a commit writes the last page of
// a log and no more, and the index is written for some hundreds of entries at once. What lies between is read when the file is opened.
//
// A log row leaves when it is at or below the compacted revision and a later row at or below it replaced it.

import type { DatabaseSync } from 'node:sqlite';

export const schemaVersion = 5;

/** A few API objects: with half of it, a group of commits takes half as long again for the pages that it fills and finds. */
export const pageSize = 8192;

const ended = `CREATE TABLE ended (
    type INTEGER NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, PRIMARY KEY (type, name)
  ) WITHOUT ROWID`;

const schema = `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO meta VALUES ('schemaVersion', ${schemaVersion});
  CREATE TABLE types (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, compacted INTEGER NOT NULL, indexed INTEGER NOT NULL);
  CREATE TABLE current (
    type INTEGER NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, expires INTEGER, PRIMARY KEY (type, name)
  ) WITHOUT ROWID;
  CREATE INDEX expiring ON current (expires) WHERE expires IS NOT NULL;
  ${ended};
  CREATE TABLE heartbeats (node TEXT PRIMARY KEY, atMs INTEGER NOT NULL) WITHOUT ROWID;
`;

/** The name of the table that holds the log of the type with this number. */
export function logTable(type: number): string {
  return `log_${type}`;
}

export function createLog(db: DatabaseSync, type: number): void {
  db.exec(`CREATE TABLE ${logTable(type)} (
    revision INTEGER PRIMARY KEY, put INTEGER NOT NULL, name TEXT NOT NULL, previous INTEGER NOT NULL, stampedAt INTEGER,
    at INTEGER, by TEXT, value BLOB NOT NULL
  )`);
}

export function createSchema(db: DatabaseSync): void {
  db.exec(schema);
}

/** Inside a transaction of the caller: a file that is interrupted here is as it was. */
export function upgrade(db: DatabaseSync, from: number): void {
  if (from < 2) db.exec('ALTER TABLE types DROP COLUMN head');
  if (from < 3) splitLog(db);
  else if (from < 4) addActors(db);
  indexEnds(db);
  db.exec(`UPDATE meta SET value = ${schemaVersion} WHERE name = 'schemaVersion'`);
}

/** Version 2 had one log, whose key was the number of the type, times 2^38, and the revision. */
function splitLog(db: DatabaseSync): void {
  const slotsPerType = 2 ** 38;
  for (const row of db.prepare('SELECT id FROM types').all()) {
    const id = Number(row['id']);
    const base = id * slotsPerType;
    createLog(db, id);
    db.exec(`INSERT INTO ${logTable(id)} (revision, put, name, previous, stampedAt, value) SELECT slot - ${base}, put, name, previous, stampedAt, value
      FROM log WHERE slot BETWEEN ${base} AND ${base + slotsPerType - 1} ORDER BY slot`);
  }
  db.exec('DROP TABLE log');
}

/** Version 3 did not know who wrote an entry, and when. */
function addActors(db: DatabaseSync): void {
  for (const row of db.prepare('SELECT id FROM types').all()) {
    const id = Number(row['id']);
    db.exec(`ALTER TABLE ${logTable(id)} ADD COLUMN at INTEGER; ALTER TABLE ${logTable(id)} ADD COLUMN by TEXT`);
  }
}

/** Version 4 found the last entry of a deleted key by an index that each delete wrote, and knew of all values at once. */
function indexEnds(db: DatabaseSync): void {
  db.exec(`${ended}; ALTER TABLE types ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0`);
  for (const row of db.prepare('SELECT id FROM types').all()) {
    const id = Number(row['id']);
    const log = logTable(id);
    db.exec(`
      DROP INDEX IF EXISTS ${log}_ends;
      INSERT INTO ended SELECT ${id}, name, max(revision) FROM ${log} WHERE put = 0 GROUP BY name;
      UPDATE types SET indexed = max(compacted, ifnull((SELECT max(revision) FROM ${log}), 0)) WHERE id = ${id}`);
  }
}
