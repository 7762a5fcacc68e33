// Which item of a list an item of its later state is: only lists of type map say so. Source: KEP-4008, "Correlatable".

import { getOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { isRecord } from './field-at.ts';

/** A text that is equal for the old and the new state of one item; undefined where they cannot be told to be the same. */
export function itemKey(schema: Schema, item: unknown): string | undefined {
  if (schema['x-kubernetes-list-type'] !== 'map' || !isRecord(item)) return undefined;
  return JSON.stringify((schema['x-kubernetes-list-map-keys'] ?? []).map((key) => getOwn(item, key) ?? null));
}
