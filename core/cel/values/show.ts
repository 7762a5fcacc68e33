// Values in texts of errors.

import { Uint, type Value } from './values.ts';

export function showKey(key: Value): string {
  if (key instanceof Uint) return String(key.value);
  return typeof key === 'string' || typeof key === 'bigint' || typeof key === 'number' || typeof key === 'boolean'
    ? String(key)
    : 'unknown';
}
