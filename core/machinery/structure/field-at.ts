// Reads one field of an object of any type by its path.

import { getOwn } from '../own.ts';

/** The value at `path`, or undefined where a part of the path is absent or not an object. */
export function fieldAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const part of path) {
    if (!isRecord(value)) return undefined;
    value = getOwn(value, part);
  }
  return value;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
