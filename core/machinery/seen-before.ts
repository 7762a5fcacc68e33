// Duplicates in lists of users, found in time in proportion to their length: to search the list for each of its items is not.

/** Tells of each value, asked in their order, whether it was there before. */
export function seenBefore<T extends string>(): (value: T) => boolean {
  const seen = new Set<T>();
  return (value) => seen.size === seen.add(value).size;
}
