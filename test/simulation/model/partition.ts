// The items of one partition key, in order of their sort keys.

import { compareNames } from '../../../core/store/name-order.ts';
import type { ModelItem } from './expressions.ts';

export interface StoredItem {
  readonly item: ModelItem;
  readonly size: number;
}

export class Partition {
  readonly items = new Map<string, StoredItem>();
  #order: string[] = [];

  /** Sort keys, in order. */
  get order(): readonly string[] {
    return this.#order;
  }

  set(sortKey: string, stored: StoredItem): void {
    if (!this.items.has(sortKey)) this.#order.splice(this.firstAt(sortKey), 0, sortKey);
    this.items.set(sortKey, stored);
  }

  delete(sortKey: string): void {
    if (this.items.delete(sortKey)) this.#order.splice(this.firstAt(sortKey), 1);
  }

  /** The place of the first sort key that is not below this one. */
  firstAt(sortKey: string): number {
    let [low, high] = [0, this.#order.length];
    // Logs grow at their end.
    const last = this.#order[high - 1];
    if (last !== undefined && compareNames(last, sortKey) < 0) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareNames(this.#order[middle] ?? '', sortKey) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
