// The order of a list after a strategic merge: what the patch speaks of is in the patch's order, what only the object has
// keeps its place relative to its old neighbours.

import { deepEqual } from './equality.ts';

/** Items sorted by the place of their identity in `order`. */
export function orderByList<T>(items: readonly T[], order: readonly unknown[], identity: (item: T) => unknown): T[] {
  const place = (item: T) => indexOf(order, identity(item));
  return items
    .map((item) => ({ item, at: place(item) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/**
 * Both lists as one, each in its own order. An item of `others` goes before the first patched item that stood after it in
 * the original; patched items that are new come first.
 */
export function insertUnpatched<T>(
  others: readonly T[],
  patched: readonly T[],
  original: readonly unknown[],
  identity: (item: T) => unknown,
): T[] {
  const result: T[] = [];
  let next = 0;
  for (const item of patched) {
    const at = indexOf(original, identity(item));
    while (next < others.length && at >= 0 && indexOf(original, identity(others[next]!)) < at)
      result.push(others[next++]!);
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function indexOf(list: readonly unknown[], identity: unknown): number {
  return list.findIndex((each) => deepEqual(each, identity));
}
