// Items of the table, and their keys. Attribute names are one letter because DynamoDB charges for them by the byte.
//
//   p                     s                     other attributes
//   head#TYPE             head                  h head, b born (ms), l listed, e settled, z compacted, w swept
//   types                 TYPE
//   object#TYPE           NAME                  r revision; v value, o offset of the revision, x expires (s), g its bucket; or d tombstone
//   log#TYPE#CHUNK        REVISION              k kind, n name, q previous revision, v, o, b by whom, c commit, a taken at (ms), t collected at (s)
//   group#TYPE#GROUP      NAME                  r the revision at which it came there
//   groups                TYPE                  l the builds that told of groups
//   heartbeats            NODE                  m newest beat (ms), u usage (bytes)
//   relay#NODE#ID         control               w writer, u until (ms), k taken, f sent, t collected at (s)
//   relay#NODE#ID         up|down#BATCH         v bytes, e end, t
//   claims#POOL           HOLDER#ID             u until (ms), t
//   wake#WORKER           PART or -             n woken so often, d of them seen, c last called, u works until (ms), o who works
//   due                   WORKER/PART           d when (ms), h touched
//   large                 LARGE VALUE           y type, n name, a noted at (ms)

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TypeName } from '../store.ts';
import { expiryBuckets } from './table.ts';

export type DynamoItem = Record<string, AttributeValue>;
export type Key = { readonly p: AttributeValue; readonly s: AttributeValue };

/**
 * Consecutive revisions that share a partition key. Few, so that a fast log moves from partition to partition before it warms one
 * up; enough that one query reads what a replica usually misses.
 */
export const chunkSize = 100;

/** Decimal digits of the largest safe integer: sort keys of the log are padded to it. */
const digits = 16;

/** A value as it is stored: encoded bytes without the revision, and where the revision goes. */
export interface StoredValue {
  readonly encoded: Uint8Array;
  readonly offset?: number;
}

/** The state of a key: a value, or the tombstone that its delete left. */
export interface StoredObject {
  readonly name: string;
  readonly revision: number;
  /** Absent: a tombstone. */
  readonly value?: StoredValue;
  readonly expiresAt?: number;
}

/** What fills a slot of the log. A fence stands for a writer that did not come. */
export type Slot =
  | { readonly kind: 'fence'; readonly revision: number; readonly commit: string; readonly takenAt: number }
  | {
      readonly kind: 'put' | 'delete';
      readonly revision: number;
      readonly name: string;
      readonly previous: number;
      readonly value: StoredValue;
      readonly by?: string;
      /** The commit that wrote it: by this its writer knows its own entry. */
      readonly commit: string;
      /** A time in Unix milliseconds before which the revision was not given out. */
      readonly takenAt: number;
    };

export const headKey = (type: TypeName): Key => ({ p: { S: `head#${type}` }, s: { S: 'head' } });
export const typesPartition = 'types';
export const typeKey = (type: TypeName): Key => ({ p: { S: typesPartition }, s: { S: type } });
export const objectPartition = (type: TypeName): string => `object#${type}`;
export const objectKey = (type: TypeName, name: string): Key => ({ p: { S: objectPartition(type) }, s: { S: name } });
export const groupPartition = (type: TypeName, group: string): string => `group#${type}#${group}`;
export const groupKey = (type: TypeName, group: string, name: string): Key => ({
  p: { S: groupPartition(type, group) },
  s: { S: name },
});
export const groupsKey = (type: TypeName): Key => ({ p: { S: 'groups' }, s: { S: type } });
export const chunkOf = (revision: number): number => Math.floor(revision / chunkSize);
export const chunkPartition = (type: TypeName, chunk: number): string => `log#${type}#${chunk}`;
export const slotSortKey = (revision: number): string => String(revision).padStart(digits, '0');
export const slotKey = (type: TypeName, revision: number): Key => ({
  p: { S: chunkPartition(type, chunkOf(revision)) },
  s: { S: slotSortKey(revision) },
});

export function objectItem(type: TypeName, object: StoredObject): DynamoItem {
  const { name, revision, value, expiresAt } = object;
  const item: DynamoItem = { ...objectKey(type, name), r: number(revision) };
  if (!value) return { ...item, d: { BOOL: true } };
  if (expiresAt !== undefined) {
    item['x'] = number(expiresAt);
    item['g'] = { S: expiryBucket(name) };
  }
  return { ...item, ...valueAttributes(value) };
}

export function readObject(item: DynamoItem): StoredObject {
  const value = readValue(item);
  const expiresAt = item['x']?.N;
  return {
    name: text(item['s']),
    revision: integer(item['r']),
    ...(value && { value }),
    ...(expiresAt !== undefined && { expiresAt: Number(expiresAt) }),
  };
}

/** `collectedAt`: Unix seconds after which DynamoDB may remove the entry. */
export function slotItem(type: TypeName, slot: Slot, collectedAt: number): DynamoItem {
  const { kind, revision, commit, takenAt } = slot;
  const item: DynamoItem = {
    ...slotKey(type, revision),
    k: { S: kindLetters[kind] },
    c: commitAttribute(commit),
    a: number(takenAt),
    t: number(collectedAt),
  };
  if (slot.kind === 'fence') return item;
  const { name, previous, value, by } = slot;
  return {
    ...item,
    n: { S: name },
    q: number(previous),
    ...(by !== undefined && { b: { S: by } }),
    ...valueAttributes(value),
  };
}

export function readSlot(item: DynamoItem): Slot {
  const common = { revision: Number(text(item['s'])), commit: readCommit(item['c']), takenAt: integer(item['a']) };
  const letter = text(item['k']);
  if (letter === kindLetters.fence) return { kind: 'fence', ...common };
  const value = readValue(item) ?? { encoded: new Uint8Array(0) };
  const kind = letter === kindLetters.put ? 'put' : 'delete';
  const by = item['b']?.S;
  const name = text(item['n']);
  return { kind, name, previous: integer(item['q']), value, ...(by !== undefined && { by }), ...common };
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A UUID as its 16 bytes: the 20 that this saves are what the name of who wrote the entry takes. */
function commitAttribute(commit: string): AttributeValue {
  return uuid.test(commit) ? { B: Buffer.from(commit.replaceAll('-', ''), 'hex') } : { S: commit };
}

function readCommit(value: AttributeValue | undefined): string {
  if (!value?.B) return text(value);
  const hex = Buffer.from(value.B).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const kindLetters = { put: 'p', delete: 'd', fence: 'f' } as const;

function valueAttributes({ encoded, offset }: StoredValue): DynamoItem {
  return { v: { B: encoded }, ...(offset !== undefined && { o: number(offset) }) };
}

function readValue(item: DynamoItem): StoredValue | undefined {
  const encoded = item['v']?.B;
  if (!encoded) return undefined;
  const offset = item['o']?.N;
  return { encoded, ...(offset !== undefined && { offset: Number(offset) }) };
}

export function number(value: number): AttributeValue {
  return { N: String(value) };
}

export function integer(value: AttributeValue | undefined): number {
  return Number(value?.N ?? 0);
}

export function text(value: AttributeValue | undefined): string {
  return value?.S ?? '';
}

function expiryBucket(name: string): string {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0;
  return expiryBucketName(hash % expiryBuckets);
}

export function expiryBucketName(bucket: number): string {
  return `e${bucket}`;
}
