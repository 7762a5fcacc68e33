// Reads of the embedded engine: the state at the newest or at an older revision, and the log.

import { compareNames, prefixEnd } from '../name-order.ts';
import type { Item, ListOptions, ListPage, LogPage } from '../store.ts';
import { StoreError } from '../store.ts';
import { namesOf, type PastState, type PastStates, statesOf } from './past-states.ts';
import type { Tables, TypeState } from './tables.ts';
import { bytesOf, cells } from './tables.ts';

/** Entries of one log page, unless the caller says otherwise. */
const defaultLogLimit = 1000;

const indexed = ({ log }: TypeState) => `
  SELECT c.name, c.revision, l.value FROM current c JOIN ${log} l ON l.revision = c.revision
  WHERE c.type = :type AND c.revision <= :revision AND c.name >= :prefix AND c.name > :after AND c.name < :end
  ORDER BY c.name LIMIT :limit`;

export function list(tables: Tables, past: PastStates, state: TypeState, options: ListOptions): ListPage {
  const { prefix = '', after = '', limit, revision = state.head } = options;
  refuseCompacted(state, revision);
  if (revision > state.head)
    throw new RangeError(`${state.name} has no revision ${revision} yet: its head is ${state.head}`);
  const other = differing(state, revision, past);
  const rows = tables.rows(indexed(state)).all({
    type: state.id,
    revision,
    prefix,
    after,
    end: prefixEnd(prefix),
    // One more than asked for tells whether there is more; -1 is no limit. Some may be known otherwise.
    limit: limit === undefined ? -1 : limit + 1 + other.unchanged,
  });
  let items: Item[] = rows.map((row) => {
    const [name, itemRevision, value] = cells(row);
    return { name: String(name), value: bytesOf(value), revision: Number(itemRevision) };
  });
  if (other.replaced.size > 0) {
    const unchanged = items.filter(({ name }) => !other.replaced.has(name));
    items = withReplaced(tables, state, other, unchanged, options);
  }
  const more = limit !== undefined && items.length > limit;
  return { items: more ? items.slice(0, limit) : items, revision, more };
}

/** Where the state at a revision differs from what the index says: it lies behind the log, or ahead of the revision. */
function differing(state: TypeState, revision: number, past: PastStates): PastState {
  if (revision < state.head) return past.at(state, revision);
  const replaced = statesOf(state.unindexed, revision);
  return { replaced, names: namesOf(replaced), unchanged: replaced.size };
}

/** Merges what the index says with what is otherwise. */
function withReplaced(
  tables: Tables,
  state: TypeState,
  { names, replaced }: PastState,
  unchanged: readonly Item[],
  { prefix = '', after = '', limit = Number.POSITIVE_INFINITY }: ListOptions,
): Item[] {
  const value = tables.sql(`SELECT value FROM ${state.log} WHERE revision = ?`);
  const items: Item[] = [];
  let next = 0;
  for (let i = firstAbove(names, prefix, after); items.length <= limit; ) {
    const name = names[i]?.startsWith(prefix) ? names[i] : undefined;
    const other = unchanged[next];
    if (name !== undefined && (!other || compareNames(name, other.name) < 0)) {
      const revision = replaced.get(name) ?? 0;
      items.push({ name, revision, value: bytesOf(value.get(revision)?.['value']) });
      i++;
    } else if (other) {
      items.push(other);
      next++;
    } else break;
  }
  return items;
}

/** The index of the first name that starts at or after the prefix and lies above `after`. */
function firstAbove(names: readonly string[], prefix: string, after: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const name = names[middle] ?? '';
    if (compareNames(name, prefix) < 0 || compareNames(name, after) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function log(tables: Tables, state: TypeState, after: number, limit = defaultLogLimit): LogPage {
  refuseCompacted(state, after);
  const { durableHead: head } = state;
  const columns = 'revision, put, name, previous, value';
  const rows = tables
    .rows(`SELECT ${columns} FROM ${state.log} WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?`)
    .all(after, head, limit);
  const entries = rows.map((row) => {
    const [revision, put, name, previous, value] = cells(row);
    return {
      op: put === 1 ? ('put' as const) : ('delete' as const),
      name: String(name),
      revision: Number(revision),
      previousRevision: Number(previous),
      value: bytesOf(value),
    };
  });
  return { entries, through: entries.at(-1)?.revision ?? head, head };
}

function refuseCompacted(state: TypeState, revision: number): void {
  if (revision >= state.compacted) return;
  throw new StoreError(
    { code: 'compacted', data: { type: state.name, compactedRevision: state.compacted } },
    `${state.name} at revision ${revision} is gone: the log was compacted up to ${state.compacted}.`,
  );
}
