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

/** What Go's decoder calls the type of a JSON value. */
export function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** Why an object's `apiVersion` or `kind` is no text; null is what is absent. */
export function typeMetaFault(object: { readonly apiVersion?: unknown; readonly kind?: unknown }): string | undefined {
  for (const field of ['apiVersion', 'kind'] as const) {
    const found = object[field];
    if (found !== undefined && found !== null && typeof found !== 'string')
      return `json: cannot unmarshal ${jsonTypeOf(found)} into Go struct field .${field} of type string`;
  }
  return undefined;
}
