// Values as they lie in the store when they are encrypted: AES-GCM, with the key's name in front, bound to the object's own key.
//
//   0x00 (no JSON starts so) | version 1 | length of the key's name | the name | where the revision goes (4 bytes; all ones: nowhere)
//   | nonce (12) | ciphertext | tag (16)
//
// The revision is not part of it: the engine assigns it later, so that it is inserted when the value is opened.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { TypeName, Value } from '../store.ts';

export interface SealingKey {
  /** At most 255 bytes. */
  readonly name: string;
  /** 16, 24 or 32 bytes. */
  readonly secret: Uint8Array;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
const nowhere = 0xffffffff;

export function isSealed(bytes: Uint8Array): boolean {
  return bytes[0] === 0;
}

/** `type` and `name` are the value's key in the store: elsewhere it does not open. */
export function seal(key: SealingKey, type: TypeName, name: string, { bytes, revisionOffset }: Value): Value {
  const keyName = Buffer.from(key.name);
  const head = Buffer.alloc(3 + keyName.length + 4);
  head[1] = version;
  head[2] = keyName.length;
  keyName.copy(head, 3);
  head.writeUInt32BE(revisionOffset ?? nowhere, 3 + keyName.length);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm(key), key.secret, nonce);
  cipher.setAAD(bound(head, type, name));
  const parts = [head, nonce, cipher.update(bytes), cipher.final()];
  return { bytes: Buffer.concat([...parts, cipher.getAuthTag()]) };
}

/** The name of the key that opens it. */
export function keyNameOf(sealed: Uint8Array): string {
  return Buffer.from(sealed.subarray(3, 3 + (sealed[2] ?? 0))).toString();
}

/** Throws an Error when the key is another one, or the bytes were changed or are of another object. */
export function open(key: SealingKey, type: TypeName, name: string, sealed: Uint8Array): Value {
  const all = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (all[1] !== version) throw new Error(`it was sealed by a newer version (${all[1]})`);
  const headEnd = 3 + (all[2] ?? 0) + 4;
  const head = all.subarray(0, headEnd);
  const nonce = all.subarray(headEnd, headEnd + nonceBytes);
  const cipher = createDecipheriv(algorithm(key), key.secret, nonce);
  cipher.setAAD(bound(head, type, name));
  cipher.setAuthTag(all.subarray(-tagBytes));
  const bytes = Buffer.concat([cipher.update(all.subarray(headEnd + nonceBytes, -tagBytes)), cipher.final()]);
  const offset = head.readUInt32BE(headEnd - 4);
  return { bytes, ...(offset !== nowhere && { revisionOffset: offset }) };
}

function algorithm({ secret }: SealingKey): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  return secret.length === 16 ? 'aes-128-gcm' : secret.length === 24 ? 'aes-192-gcm' : 'aes-256-gcm';
}

function bound(head: Buffer, type: TypeName, name: string): Buffer {
  return Buffer.concat([head, Buffer.from(`${type}\n${name}`)]);
}
