// The sparse index by `g` and `x` that expiring items are in. Keys only.

import type { ModelItem } from './expressions.ts';

export class ExpiryIndex {
  readonly #entries = new Map<string, ModelItem>();

  query(wanted: (entry: ModelItem) => boolean): ModelItem[] {
    const found = [...this.#entries.values()].filter(wanted);
    return found.sort((a, b) => Number(a['x']?.N) - Number(b['x']?.N));
  }

  /** Returns the units that keeping the index costs. */
  change(before: ModelItem | undefined, after: ModelItem | undefined): number {
    const [was, is] = [entryOf(before), entryOf(after)];
    if (!was && !is) return 0;
    if (was && is && was['x']?.N === is['x']?.N) return 0;
    const key = (entry: ModelItem) => `${entry['p']?.S}\n${entry['s']?.S}`;
    if (was) this.#entries.delete(key(was));
    if (is) this.#entries.set(key(is), is);
    return (was ? 1 : 0) + (is ? 1 : 0);
  }
}

function entryOf(item: ModelItem | undefined): ModelItem | undefined {
  if (!item?.['g'] || !item['x'] || !item['p'] || !item['s']) return undefined;
  const { p, s, g, x } = item;
  return { p, s, g, x };
}
