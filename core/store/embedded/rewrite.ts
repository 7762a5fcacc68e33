// Values that get another form where they lie, under the revisions that they have: sealed with another key, or no more.

import { stamp, unstamp } from '../stamp.ts';
import type { TypeName, Value } from '../store.ts';
import { bytesOf, cells, type Tables } from './tables.ts';

export interface StoredValue {
  readonly name: string;
  readonly revision: number;
  /** Without the revision where it is known to stand in them; of the last state in a delete's entry it is not. */
  readonly value: Value;
}

/** Of revisions: those above `after`, up to and including `until`. */
export interface Range {
  readonly after: number;
  readonly until: number;
}

export interface Rewritten {
  /** Everything up to and including this revision was looked at. */
  readonly through: number;
  /** The type's newest revision, now. */
  readonly head: number;
  readonly changed: number;
}

/** What one transaction may hold up others for. */
const chunkBytes = 256 * 1024;
const chunkRows = 256;

/** Inside a transaction. */
export function rewrite(
  tables: Tables,
  type: TypeName,
  { after, until }: Range,
  change: (row: StoredValue) => Value | undefined,
): Rewritten {
  const state = tables.types.get(type);
  if (!state) return { through: until, head: 0, changed: 0 };
  const rows = tables
    .rows(
      `SELECT revision, name, stampedAt, value FROM ${state.log} WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?`,
    )
    .iterate(after, until, chunkRows);
  const changes: { readonly row: StoredValue; readonly value: Value }[] = [];
  let through = after;
  let bytes = 0;
  let count = 0;
  for (const each of rows) {
    if (bytes >= chunkBytes) break;
    const row = storedValue(cells(each));
    through = row.revision;
    count++;
    bytes += row.value.bytes.length;
    const value = change(row);
    if (value) changes.push({ row, value });
  }
  // Rows of a log are not dense: what was compacted is not there.
  if (count < chunkRows && bytes < chunkBytes) through = until;
  // All are made before the first is written: one that fails has written nothing.
  for (const { row, value } of changes) {
    const item = { name: row.name, revision: row.revision, value: stamp(value, row.revision) };
    tables.replaceValue(state, item, value.revisionOffset ?? null);
  }
  return { through, head: state.head, changed: changes.length };
}

function storedValue([revision, name, stampedAt, value]: readonly unknown[]): StoredValue {
  const stored = { name: String(name), revision: Number(revision) };
  const bytes = bytesOf(value);
  if (typeof stampedAt !== 'number') return { ...stored, value: { bytes } };
  return { ...stored, value: unstamp(bytes, stampedAt, stored.revision) };
}
