// Metadata is read before the structure of an object is checked: whose object it is stands there.

import { getOwn } from '../../machinery/own.ts';

/** What is wrong with a value that ought to be metadata, in Go's words. Null and nothing are metadata that says nothing. */
export function metadataError(kind: string, metadata: unknown): string | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  if (typeof metadata !== 'object' || Array.isArray(metadata))
    return unmarshal(metadata, `${kind}.metadata`, 'v1.ObjectMeta');
  for (const field of ['name', 'generateName', 'namespace', 'uid', 'resourceVersion']) {
    const value = getOwn(metadata, field);
    if (value !== undefined && value !== null && typeof value !== 'string')
      return unmarshal(value, `ObjectMeta.metadata.${field}`, field === 'uid' ? 'types.UID' : 'string');
  }
  return undefined;
}

function unmarshal(value: unknown, field: string, type: string): string {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  return `json: cannot unmarshal ${found === 'bigint' ? 'number' : found} into Go struct field ${field} of type ${type}`;
}
