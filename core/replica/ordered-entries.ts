// Entries in order of names, in chunks of a few hundred, so that an insert moves few of them. Readers get a view that stays as it is:
// what a view holds is copied before it is changed.

import { compareNames } from '../store/name-order.ts';
import type { StoredEntry } from './stored-entry.ts';

interface Chunk {
  readonly items: StoredEntry[];
  /** A chunk of an older epoch may be held by a view. */
  readonly epoch: number;
}

export type EntriesView = readonly { readonly items: readonly StoredEntry[] }[];

const maximumChunk = 256;

export class OrderedEntries {
  #chunks: Chunk[] = [];
  #chunksEpoch = 0;
  #epoch = 0;

  constructor(inOrder: readonly StoredEntry[] = []) {
    // Half full, so that the first inserts do not split every chunk.
    for (let i = 0; i < inOrder.length; i += maximumChunk / 2)
      this.#chunks.push({ items: inOrder.slice(i, i + maximumChunk / 2), epoch: 0 });
  }

  /** The entries as they are now. */
  view(): EntriesView {
    this.#epoch++;
    return this.#chunks;
  }

  set(entry: StoredEntry): void {
    if (this.#chunks.length === 0) this.#own().push({ items: [], epoch: this.#epoch });
    const at = chunkOf(this.#chunks, entry.name);
    const items = this.#ownChunk(at);
    const i = lowerBound(items, entry.name);
    if (items[i]?.name === entry.name) items[i] = entry;
    else items.splice(i, 0, entry);
    if (items.length <= maximumChunk) return;
    const upper = items.splice(items.length / 2);
    this.#own().splice(at + 1, 0, { items: upper, epoch: this.#epoch });
  }

  delete(name: string): void {
    if (this.#chunks.length === 0) return;
    const at = chunkOf(this.#chunks, name);
    const items = this.#ownChunk(at);
    const i = lowerBound(items, name);
    if (items[i]?.name !== name) return;
    items.splice(i, 1);
    if (items.length === 0) this.#own().splice(at, 1);
  }

  #own(): Chunk[] {
    if (this.#chunksEpoch < this.#epoch) {
      this.#chunks = this.#chunks.slice();
      this.#chunksEpoch = this.#epoch;
    }
    return this.#chunks;
  }

  #ownChunk(at: number): StoredEntry[] {
    const chunk = this.#chunks[at];
    if (chunk && chunk.epoch === this.#epoch) return chunk.items;
    const items = chunk ? chunk.items.slice() : [];
    this.#own()[at] = { items, epoch: this.#epoch };
    return items;
  }
}

/** Entries whose names start with `prefix` and are above `after`. */
export function* entriesFrom(view: EntriesView, prefix: string, after: string): Generator<StoredEntry> {
  if (view.length === 0) return;
  const start = compareNames(after, prefix) < 0 ? prefix : after;
  const first = chunkOf(view, start);
  for (let c = first; c < view.length; c++) {
    const items = view[c]?.items ?? [];
    for (let i = c === first ? lowerBound(items, start) : 0; i < items.length; i++) {
      const entry = items[i];
      if (!entry || entry.name === after) continue;
      if (!entry.name.startsWith(prefix)) return;
      yield entry;
    }
  }
}

/** The last chunk that starts at or below the name. */
function chunkOf(chunks: EntriesView, name: string): number {
  let [low, high] = [0, chunks.length];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    const first = chunks[middle]?.items[0];
    if (first && compareNames(first.name, name) <= 0) low = middle;
    else high = middle;
  }
  return low;
}

/** The index of the first item at or above the name. */
function lowerBound(items: readonly StoredEntry[], name: string): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item && compareNames(item.name, name) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
