// Values as bytes of one attribute: the first byte says how the rest is to be read.
//
// Measured on a pod of 2.4 KB, Node 24: deflate level 6 gives 955 bytes in 36 us, zstd 3 1,008 in 30, brotli 5 914 in 92; read back in
// about 15 us each. With the dictionary deflate gives 198 where its phrases fit as well as on that pod, about half on a foreign
// one: it then costs one write unit instead of two.

import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { stamp } from '../stamp.ts';
import type { Value } from '../store.ts';
import { dictionary1 } from './dictionary.ts';
import type { StoredValue } from './items.ts';
import type { LargeValues } from './large-values.ts';

const codecs = { plain: 0, deflate1: 1, elsewhere: 2 } as const;

/** Below this, compression costs time and saves no write unit. */
const smallestCompressed = 200;

/** The value without its revision: stamped when it is read, so that it is encoded once, whatever revision it gets. */
export function encode(value: Value): StoredValue {
  const { bytes, revisionOffset } = value;
  const deflated =
    bytes.length < smallestCompressed ? undefined : deflateRawSync(bytes, { level: 6, dictionary: dictionary1 });
  const encoded =
    deflated && deflated.length < bytes.length ? tagged(codecs.deflate1, deflated) : tagged(codecs.plain, bytes);
  return { encoded, ...(revisionOffset !== undefined && { offset: revisionOffset }) };
}

/**
 * Moves the value out of the item: what is left is its name, the hash of its content and `once`, which no other value has. `noted` is told the
 * name before the value is there.
 */
export async function storeLargeValue(
  value: StoredValue,
  large: LargeValues,
  once: Uint8Array,
  noted: (name: string) => Promise<void>,
): Promise<StoredValue> {
  const hash = createHash('sha256').update(value.encoded).digest();
  const name = Buffer.concat([hash, once]);
  await noted(name.toString('hex'));
  await large.put(name.toString('hex'), value.encoded);
  return { ...value, encoded: tagged(codecs.elsewhere, name) };
}

/** The name of a value that lies elsewhere. */
export function largeNameOf({ encoded }: StoredValue): string | undefined {
  return encoded[0] === codecs.elsewhere ? Buffer.from(encoded.subarray(1)).toString('hex') : undefined;
}

/** The bytes as they are served: with `revision` in its place. */
export async function decode(
  value: StoredValue,
  revision: number,
  large: LargeValues | undefined,
): Promise<Uint8Array> {
  const { offset } = value;
  const name = largeNameOf(value);
  if (name === undefined) return decodeInline(value, revision);
  if (!large) throw new Error('a value lies in the place for large values, and this store was opened without one');
  const kept = await large.get(name);
  return decodeInline({ encoded: kept, ...(offset !== undefined && { offset }) }, revision);
}

/** Where the value is all in its item. */
export function decodeInline({ encoded, offset }: StoredValue, revision: number): Uint8Array {
  const rest = encoded.subarray(1);
  const bytes = encoded[0] === codecs.deflate1 ? inflateRawSync(rest, { dictionary: dictionary1 }) : rest;
  return stamp({ bytes, ...(offset !== undefined && { revisionOffset: offset }) }, revision);
}

function tagged(codec: number, bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length + 1);
  out[0] = codec;
  out.set(bytes, 1);
  return out;
}
