// The order of a list after a strategic merge: what the patch speaks of is in the patch's order, what only the object has
// keeps its place relative to its old neighbours.

/** Where items stand in a list, by the text of what identifies them; the first place of doubles. */
export type Places = ReadonlyMap<string, number>;

/** Makes an identity comparable: keys may be numbers, strings or absent. */
export function identityText(identity: unknown): string {
  return JSON.stringify(identity) ?? '';
}

export function placesOf(identities: readonly unknown[]): Places {
  const places = new Map<string, number>();
  identities.forEach((identity, index) => {
    const text = identityText(identity);
    if (!places.has(text)) places.set(text, index);
  });
  return places;
}

/** Items sorted by their places. All of them have one. */
export function orderByPlaces<T>(items: readonly T[], places: Places, identity: (item: T) => unknown): T[] {
  const placed = items.map((item) => ({ item, at: places.get(identityText(identity(item))) ?? 0 }));
  return placed.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

/**
 * Both lists as one, each in its own order. An item of `others` goes before the first patched item that stood after it in
 * the original; patched items that are new come first.
 */
export function insertUnpatched<T>(
  others: readonly T[],
  patched: readonly T[],
  original: Places,
  identity: (item: T) => unknown,
): T[] {
  const placeOf = (item: T) => original.get(identityText(identity(item))) ?? -1;
  const result: T[] = [];
  let next = 0;
  for (const item of patched) {
    const at = placeOf(item);
    while (next < others.length && at >= 0 && placeOf(others[next]!) < at) result.push(others[next++]!);
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}
