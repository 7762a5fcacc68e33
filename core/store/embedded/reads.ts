// Reads of the embedded engine: the state at the newest or at an older revision, and the log.

import { prefixEnd } from '../name-order.ts';
import type { ListOptions, ListPage, LogPage } from '../store.ts';
import { StoreError } from '../store.ts';
import { slotsPerType } from './database.ts';
import type { Tables, TypeState } from './tables.ts';
import { bytesOf } from './tables.ts';

/** Entries of one log page, unless the caller says otherwise. */
const defaultLogLimit = 1000;

const newest = `
  SELECT c.name, c.revision, l.value FROM current c JOIN log l ON l.slot = :base + c.revision
  WHERE c.type = :type AND c.name >= :prefix AND c.name > :after AND c.name < :end
  ORDER BY c.name LIMIT :limit`;

// At an older revision: what has not changed since, and for the rest what the first change since replaced.
const older = `
  SELECT past.name, past.revision, l.value FROM (
    SELECT name, revision FROM current
    WHERE type = :type AND revision <= :revision AND name >= :prefix AND name > :after AND name < :end
    UNION ALL
    SELECT name, previous AS revision FROM (
      SELECT name, previous, min(slot) FROM log
      WHERE slot > :base + :revision AND slot <= :base + :head AND name >= :prefix AND name > :after AND name < :end
      GROUP BY name)
    WHERE previous > 0
    ORDER BY name LIMIT :limit) AS past
  JOIN log l ON l.slot = :base + past.revision ORDER BY past.name`;

export function list(tables: Tables, state: TypeState, options: ListOptions): ListPage {
  const { prefix = '', after = '', limit, revision = state.head } = options;
  refuseCompacted(state, revision);
  if (revision > state.head)
    throw new RangeError(`${state.name} has no revision ${revision} yet: its head is ${state.head}`);
  const parameters = {
    base: state.base,
    type: state.base / slotsPerType,
    prefix,
    after,
    end: prefixEnd(prefix),
    // One more than asked for tells whether there is more; -1 is no limit.
    limit: limit === undefined ? -1 : limit + 1,
  };
  const rows =
    revision === state.head
      ? tables.sql(newest).all(parameters)
      : tables.sql(older).all({ ...parameters, revision, head: state.head });
  const more = limit !== undefined && rows.length > limit;
  if (more) rows.pop();
  const items = rows.map((row) => ({
    name: String(row['name']),
    value: bytesOf(row['value']),
    revision: Number(row['revision']),
  }));
  return { items, revision, more };
}

export function log(tables: Tables, state: TypeState, after: number, limit = defaultLogLimit): LogPage {
  refuseCompacted(state, after);
  const { base, durableHead: head } = state;
  const entries = tables
    .sql('SELECT slot, put, name, previous, value FROM log WHERE slot > ? AND slot <= ? ORDER BY slot LIMIT ?')
    .all(base + after, base + head, limit)
    .map((row) => ({
      op: row['put'] === 1 ? ('put' as const) : ('delete' as const),
      name: String(row['name']),
      revision: Number(row['slot']) - base,
      previousRevision: Number(row['previous']),
      value: bytesOf(row['value']),
    }));
  return { entries, through: entries.at(-1)?.revision ?? head, head };
}

function refuseCompacted(state: TypeState, revision: number): void {
  if (revision >= state.compacted) return;
  throw new StoreError(
    { code: 'compacted', data: { type: state.name, compactedRevision: state.compacted } },
    `${state.name} at revision ${revision} is gone: the log was compacted up to ${state.compacted}.`,
  );
}
