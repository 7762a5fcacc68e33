// As Go's `%v` writes what it decoded from JSON.

export function goText(value: unknown): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const fields = Object.entries(value).sort(byName);
  return `map[${fields.map(([name, each]) => `${name}:${goText(each)}`).join(' ')}]`;
}

/** The order of a map's fields, as Go writes them. */
export function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
