// Equality, copying and freezing of JSON values.

import { getOwn, setOwn } from './own.ts';

/** Whether two JSON values are equal. A property that is undefined counts as absent. Equal references are not walked. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!deepEqual(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>; // neither null nor an array
  const right = b as Record<string, unknown>;
  let count = 0;
  for (const key in left) {
    const value = left[key];
    if (value === undefined) continue;
    if (!deepEqual(value, getOwn(right, key))) return false;
    count++;
  }
  for (const key in right) if (right[key] !== undefined) count--;
  return count === 0;
}

/** A copy that shares nothing with a JSON value. */
export function deepClone<T>(value: T): T {
  return clone(value) as T; // it has the same structure
}

/** Freezes a JSON value and all that it holds; what is frozen already is not walked. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) deepFreeze(each);
  }
  return value;
}

function clone(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(clone);
  const source = value as Record<string, unknown>; // neither null nor an array
  const copy: Record<string, unknown> = {};
  for (const key in source) setOwn(copy, key, clone(source[key]));
  return copy;
}
