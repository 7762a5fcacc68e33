// The commit's revision inside stored bytes, so that what is stored can be served as it is.

import type { Value } from './store.ts';

/** The bytes to store: `revision` inserted in decimal at `revisionOffset`, where one is given. */
export function stamp(value: Value, revision: number): Uint8Array<ArrayBuffer> {
  const { bytes, revisionOffset } = value;
  if (revisionOffset === undefined) return copy(bytes);
  return splice(bytes, revisionOffset, revisionOffset, revision);
}

/** What was given to `stamp`. */
export function unstamp(stamped: Uint8Array, revisionOffset: number, revision: number): Value {
  const after = stamped.subarray(revisionOffset + String(revision).length);
  const bytes = new Uint8Array(revisionOffset + after.length);
  bytes.set(stamped.subarray(0, revisionOffset));
  bytes.set(after, revisionOffset);
  return { bytes, revisionOffset };
}

/** Stamped bytes with another revision in the place of the one they were stamped with. */
export function restamp(
  stamped: Uint8Array,
  revisionOffset: number,
  from: number,
  to: number,
): Uint8Array<ArrayBuffer> {
  return splice(stamped, revisionOffset, revisionOffset + String(from).length, to);
}

function splice(bytes: Uint8Array, start: number, end: number, revision: number): Uint8Array<ArrayBuffer> {
  const digits = String(revision);
  const out = new Uint8Array(bytes.length - (end - start) + digits.length);
  out.set(bytes.subarray(0, start));
  for (let i = 0; i < digits.length; i++) out[start + i] = digits.charCodeAt(i);
  out.set(bytes.subarray(end), start + digits.length);
  return out;
}

/** A caller may reuse its buffer once it was answered, and a view must not keep a larger buffer alive. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
