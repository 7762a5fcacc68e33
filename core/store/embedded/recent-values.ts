// The values that were written or read last, bounded in bytes. Most reads are of what was written or read a moment ago: they and the
// writes that follow need no statement. Replicas hold the same bytes, so that what was written here takes no memory of its own.

import type { Item } from '../store.ts';

export class RecentValues {
  readonly #maximumBytes: number;
  /** In the order in which they came: the first is the next to go. */
  readonly #items = new Map<string, Item>();
  #bytes = 0;

  constructor(maximumBytes: number) {
    this.#maximumBytes = maximumBytes;
  }

  get(type: number, name: string): Item | undefined {
    return this.#items.get(keyOf(type, name));
  }

  set(type: number, item: Item): void {
    const key = keyOf(type, item.name);
    this.#remove(key);
    this.#items.set(key, item);
    this.#bytes += item.value.length;
    for (const oldest of this.#items.keys()) {
      if (this.#bytes <= this.#maximumBytes) return;
      this.#remove(oldest);
    }
  }

  delete(type: number, name: string): void {
    this.#remove(keyOf(type, name));
  }

  clear(): void {
    this.#items.clear();
    this.#bytes = 0;
  }

  #remove(key: string): void {
    const item = this.#items.get(key);
    if (!item) return;
    this.#items.delete(key);
    this.#bytes -= item.value.length;
  }
}

function keyOf(type: number, name: string): string {
  return `${type}/${name}`;
}
