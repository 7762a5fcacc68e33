// Backup of a running embedded store, and restore into a stopped one.

import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { backup, DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { restrictToOwner } from '../../process/private-file.ts';
import { openDatabase, resultCode, unusable } from './database.ts';
import { logTable } from './schema.ts';
import { Tables } from './tables.ts';

/** Copies the open database to a new file. The file appears under its name once it is whole and durable. */
export async function backUp(db: DatabaseSync, path: string): Promise<void> {
  if (existsSync(path)) throw new Error(`${path} exists: name a new file for the backup.`);
  const partial = `${path}.partial`;
  rmSync(partial, { force: true });
  try {
    await copyPages(db, partial);
    const file = await open(partial, 'r+');
    await file.sync();
    await file.close();
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** A step that meets a transaction is to be taken again. Node does so, except at the first and the last one, where it fails without an error code. */
async function copyPages(db: DatabaseSync, target: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      restrictToOwner(target);
      await backup(db, target, { rate: 256 });
      return;
    } catch (error) {
      if (resultCode(error) !== 0 || attempt === busyAttempts) throw error;
      rmSync(target, { force: true });
      await delay(attempt);
    }
  }
}

const busyAttempts = 100;

export interface RestoreOptions {
  /**
   * How far revisions jump, so that none that was given out after the backup is given out again with another meaning. Clients that
   * hold one of those are told that it is compacted, and list anew. Default 1,000,000.
   */
  readonly skipRevisions?: number;
  /** For the program that made the backup, which is older: the file stays of its version. */
  readonly keepsVersion?: boolean;
}

/**
 * Puts a backup in the place of the store at `path`. What was there is kept beside it; returns where.
 * Fails with StoreError `unusable` when a process uses the store, or the backup is damaged or newer than this program.
 */
export function restoreEmbeddedStore(
  from: string,
  path: string,
  options: RestoreOptions = {},
): { previous: string | undefined } {
  if (!existsSync(from)) throw unusable(from, 'unreadable', 'does not exist.');
  const partial = `${path}.restoring`;
  removeStore(partial);
  restrictToOwner(partial);
  copyFileSync(from, partial);
  try {
    prepare(partial, from, options);
    const previous = setAside(path);
    renameSync(partial, path);
    return { previous };
  } finally {
    removeStore(partial);
  }
}

function prepare(
  partial: string,
  from: string,
  { skipRevisions: skip = 1_000_000, keepsVersion }: RestoreOptions,
): void {
  // What is asked of it below holds for all versions since the third.
  const db = keepsVersion ? new DatabaseSync(partial, { timeout: 0 }) : openDatabase(partial);
  try {
    const [check] = db.prepare('PRAGMA quick_check(1)').all();
    if (check?.['quick_check'] !== 'ok')
      throw unusable(from, 'unreadable', `is damaged: ${String(check?.['quick_check'])}`);
    // Everything up to the new heads is compacted: only the rows that hold current values stay.
    const types = db
      .prepare('SELECT id FROM types')
      .all()
      .map((row) => Number(row['id']));
    db.exec('BEGIN IMMEDIATE');
    if (isWrittenBehind(db)) new Tables(db).index();
    for (const id of types)
      db.exec(`
        UPDATE types SET compacted = ${Math.trunc(skip)} + max(compacted, ifnull((SELECT max(revision) FROM ${logTable(id)}), 0))
          WHERE id = ${id};
        DELETE FROM ${logTable(id)} WHERE revision NOT IN (SELECT revision FROM current WHERE type = ${id});`);
    db.exec('COMMIT; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

/** Of versions before the fifth the index is always whole. */
function isWrittenBehind(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM pragma_table_info('types') WHERE name = 'indexed'").get() !== undefined;
}

function setAside(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  // Opening it proves that nobody uses it, and closing it folds its WAL into the file.
  openDatabase(path).close();
  let previous = `${path}.before-restore`;
  for (let i = 2; existsSync(previous); i++) previous = `${path}.before-restore-${i}`;
  renameSync(path, previous);
  rmSync(`${path}-wal`, { force: true });
  return previous;
}

function removeStore(path: string): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${suffix}`, { force: true });
}
