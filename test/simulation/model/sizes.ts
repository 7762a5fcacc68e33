// What items weigh and requests cost, by DynamoDB's published rules.

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { ModelItem } from './expressions.ts';

export const maximumItemBytes = 400 * 1024;
export const maximumTransactionBytes = 4 * 1024 * 1024;
export const maximumPageBytes = 1024 * 1024;

/** The size of an item in bytes: its names, and its values. */
export function sizeOf(item: ModelItem): number {
  let size = 0;
  for (const name in item) size += Buffer.byteLength(name) + sizeOfValue(item[name]);
  return size;
}

/** Units for writing an item of these sizes: before and after, the larger counts. */
export function writeUnits(before: number, after: number): number {
  return Math.max(1, Math.ceil(Math.max(before, after) / 1024));
}

/** Units for strongly consistent reading of so many bytes. */
export function readUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / 4096));
}

function sizeOfValue(value: AttributeValue | undefined): number {
  if (value?.S !== undefined) return Buffer.byteLength(value.S);
  if (value?.B !== undefined) return value.B.length;
  // Two digits a byte, and one more.
  if (value?.N !== undefined) return Math.ceil(value.N.length / 2) + 1;
  return 1;
}
