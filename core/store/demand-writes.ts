// What every store asks of a commit before it looks at what is stored. Whatever is wrong here is an error of ours.

import { maximumItems, maximumWrites, type Write } from './store.ts';

/** Throws RangeError for too many writes, for two of one key, and for one that is not well formed. */
export function demandWrites(writes: readonly Write[]): void {
  if (writes.length > maximumWrites)
    throw new RangeError(`a commit takes at most ${maximumWrites} writes, not ${writes.length}`);
  // As most commits are.
  const [only] = writes;
  if (only && writes.length === 1) {
    demandWrite(only);
    return;
  }
  const keys = new Set(writes.map(({ type, name }) => `${type}\n${name}`));
  if (keys.size !== writes.length) throw new RangeError('a commit takes at most one write per key');
  writes.forEach(demandWrite);
  const items = writes.reduce((sum, write) => sum + itemsOf(write), 0);
  if (items > maximumItems) throw new RangeError(`a commit takes at most ${maximumItems} items, not ${items}`);
}

function itemsOf(write: Write): number {
  if (write.op === 'check') return 1;
  const joins = write.op === 'put' && write.joins !== undefined;
  return 2 + (joins ? 1 : 0) + (write.leaves === undefined ? 0 : 1);
}

/** Throws RangeError for a write that is not well formed. */
export function demandWrite(write: Write): void {
  if (write.name === '') throw new RangeError('a name is not empty');
  if (write.op === 'check' || !write.value) return;
  const { bytes, revisionOffset = 0 } = write.value;
  if (!(bytes instanceof Uint8Array) || !(revisionOffset >= 0 && revisionOffset <= bytes.length))
    throw new RangeError(`${write.type} ${write.name}: a value is bytes, and its revisionOffset lies within them`);
}
