// One key's entries, from the newest back: each names the revision that it replaced.

import { defaultPastLimit, type PastEntry, type PastOptions, type PastPage, pastSteps, StoreError } from '../store.ts';
import { bytesOf, cells, type Tables, type TypeState } from './tables.ts';

export function past(tables: Tables, state: TypeState, name: string, options: PastOptions = {}): PastPage {
  const { limit = defaultPastLimit, revision: newest = state.head, time = Number.POSITIVE_INFINITY } = options;
  const { log } = state;
  const entries: PastEntry[] = [];
  let at = options.from ?? newestOf(tables, state, name);
  const row = tables.rows(`SELECT put, name, previous, at, by FROM ${log} WHERE revision = ?`);
  const value = tables.sql(`SELECT value FROM ${log} WHERE revision = ?`);
  for (let steps = 0; at > 0; steps++) {
    if (entries.length >= limit || steps >= pastSteps) return { entries, more: at, gone: false };
    const [put, found, previous, wroteAt, by] = cells(row.get(at));
    // What is at the revision may be another key's: it was asked for by a number that nobody gave out.
    if (found !== name) return { entries, gone: true };
    if (at <= newest && !(typeof wroteAt === 'number' && wroteAt > time))
      entries.push({
        op: put === 1 ? 'put' : 'delete',
        name,
        revision: at,
        previousRevision: Number(previous),
        value: bytesOf(value.get(at)?.['value']),
        ...(typeof wroteAt === 'number' && { at: wroteAt }),
        ...(typeof by === 'string' && { by }),
      });
    at = Number(previous);
  }
  return { entries, gone: false };
}

/** The revision of its value or of the delete that ended it; 0 for what the log does not know. */
function newestOf(tables: Tables, state: TypeState, name: string): number {
  const unindexed = state.unindexed.get(name);
  if (unindexed) return unindexed.revision;
  const live = tables.revisionOf(state, name);
  if (live > 0) return live;
  const ended = tables.sql('SELECT revision FROM ended WHERE type = ? AND name = ?').get(state.id, name);
  return Number(ended?.['revision'] ?? 0);
}

/** Times rise with revisions, as far as the clock does. */
export function revisionAt(tables: Tables, { name, log, compacted, durableHead }: TypeState, time: number): number {
  const row = tables.rows(`SELECT at FROM ${log} WHERE revision = ?`);
  // What an older version wrote came before all that has a time.
  const isLater = (revision: number) => Number(cells(row.get(revision))[0] ?? 0) > time;
  let [low, high] = [compacted, durableHead];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (isLater(middle)) high = middle - 1;
    else low = middle;
  }
  if (low > compacted || compacted === 0) return low;
  throw new StoreError(
    { code: 'compacted', data: { type: name, compactedRevision: compacted } },
    `The log of ${name} does not reach back so far: it is gone up to revision ${compacted}.`,
  );
}
