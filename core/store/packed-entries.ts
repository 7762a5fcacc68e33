// Entries of a log on their way to another thread. A structured clone walks every object and copies the buffer behind every value on the
// sender's time; here it gets three flat ones, two of which are handed over. The receiver cuts them up again.

import type { LogEntry } from './store.ts';

export interface PackedEntries {
  readonly names: readonly string[];
  /** Four of each entry: 1 where it is a delete, its revision, the one before, the bytes of its value. */
  readonly numbers: Float64Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const perEntry = 4;

export function packEntries(entries: readonly LogEntry[]): PackedEntries {
  const numbers = new Float64Array(entries.length * perEntry);
  const bytes = new Uint8Array(entries.reduce((sum, { value }) => sum + value.length, 0));
  let at = 0;
  let end = 0;
  for (const { op, revision, previousRevision, value } of entries) {
    numbers[at] = op === 'delete' ? 1 : 0;
    numbers[at + 1] = revision;
    numbers[at + 2] = previousRevision;
    numbers[at + 3] = value.length;
    at += perEntry;
    bytes.set(value, end);
    end += value.length;
  }
  return { names: entries.map(({ name }) => name), numbers, bytes };
}

/** What `port.postMessage` may hand over instead of copying. */
export function buffersOf({ numbers, bytes }: PackedEntries): ArrayBuffer[] {
  return [numbers.buffer, bytes.buffer];
}

/** Each value has a buffer of its own: one that is kept does not keep the others. */
export function unpackEntries({ names, numbers, bytes }: PackedEntries): LogEntry[] {
  let start = 0;
  return names.map((name, i) => {
    const [isDelete, revision = 0, previousRevision = 0, length = 0] = numbers.subarray(i * perEntry);
    const value = bytes.slice(start, start + length);
    start += length;
    return { op: isDelete === 1 ? 'delete' : 'put', name, revision, previousRevision, value };
  });
}
