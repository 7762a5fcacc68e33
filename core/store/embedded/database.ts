// The SQLite file of the embedded engine: opened for one process, with its schema at a known version.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { restrictToOwner, syncFolder } from '../../process/private-file.ts';
import { StoreError } from '../store.ts';
import { createSchema, pageSize, schemaVersion, upgrade } from './schema.ts';

export interface DatabaseOptions {
  /** The file grows to at most this many bytes; then commits fail with `full`. Default: the device's room. */
  readonly maximumBytes?: number;
}

/**
 * Opens or makes the file. WAL with `synchronous=NORMAL`: SQLite itself syncs around checkpoints, and the caller syncs the WAL after
 * each transaction, which is what FULL does, but off the event loop where the device is slow.
 * Fails with StoreError `unusable`: another process has it, it is newer than this program, or it is not ours.
 */
export function openDatabase(path: string, options: DatabaseOptions = {}): DatabaseSync {
  const isNew = !existsSync(path);
  let db: DatabaseSync;
  try {
    // The log beside it gets the same mode from SQLite.
    restrictToOwner(path);
    db = new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw unusable(path, 'unreadable', `cannot be opened: ${String(cause)}`, cause);
  }
  try {
    // Before the first access: the index of the WAL then lives in this process's memory, and nobody else may open the file.
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = ${pageSize}; PRAGMA auto_vacuum = INCREMENTAL`);
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 1000');
    db.exec('PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY');
    if (options.maximumBytes !== undefined)
      db.exec(`PRAGMA max_page_count = ${Math.max(16, Math.floor(options.maximumBytes / pageBytes(db)))}`);
    prepareSchema(db, path);
    // A new file survives a power cut only once its folder is synced too.
    if (isNew) syncFolder(dirname(path));
    return db;
  } catch (error) {
    db.close();
    throw explain(path, error);
  }
}

/** Of the file as it is: nothing of it is converted. undefined: it is none of ours. Nobody else may have it open. */
export function schemaVersionOf(path: string): number | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    const row = db.prepare("SELECT value FROM meta WHERE name = 'schemaVersion'").get();
    return typeof row?.['value'] === 'number' ? row['value'] : undefined;
  } finally {
    db.close();
  }
}

function prepareSchema(db: DatabaseSync, path: string): void {
  // A write, so that the exclusive lock is taken now and not by the first commit.
  db.exec('BEGIN IMMEDIATE');
  if (!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get()) {
    if (db.prepare('SELECT 1 FROM sqlite_schema').get())
      throw unusable(path, 'unreadable', 'is a SQLite file of another program.');
    createSchema(db);
  }
  const row = db.prepare("SELECT value FROM meta WHERE name = 'schemaVersion'").get();
  const version = Number(row?.['value'] ?? 0);
  if (version > schemaVersion)
    throw unusable(
      path,
      'newer',
      `was written by a newer Zeroplane (schema version ${version}; this one knows ${schemaVersion}). Run that version, or restore a backup that this one made.`,
    );
  if (version < 1) throw unusable(path, 'unreadable', 'names no schema version.');
  if (version < schemaVersion) upgrade(db, version);
  db.exec('COMMIT');
}

/** A file keeps the size of page that it was made with. */
function pageBytes(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA page_size').get()?.['page_size']);
}

const sqliteBusy = 5;
const sqliteFull = 13;
const sqliteCantOpen = 14;

/** SQLite's primary result code of an error that node:sqlite threw. */
export function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

export function isFull(error: unknown): boolean {
  return resultCode(error) === sqliteFull;
}

function explain(path: string, error: unknown): unknown {
  if (error instanceof StoreError) return error;
  const code = resultCode(error);
  if (code === undefined) return error;
  if (code === sqliteBusy)
    return unusable(
      path,
      'locked',
      'is in use by another process. Stop it first: one process owns the file at a time.',
      error,
    );
  if (code === sqliteFull)
    return new StoreError({ code: 'full', data: { path } }, `No room on the device of ${path}.`, { cause: error });
  const what = code === sqliteCantOpen ? 'cannot be opened' : 'cannot be read as a store';
  return unusable(path, 'unreadable', `${what}: ${String(error)}`, error);
}

export function unusable(
  path: string,
  reason: 'locked' | 'newer' | 'unreadable',
  why: string,
  cause?: unknown,
): StoreError {
  return new StoreError({ code: 'unusable', data: { path, reason } }, `The store ${path} ${why}`, { cause });
}

/** A new file survives a power cut only once its folder is synced too. */
