// Packets between the two ends of a stream, so that what carries them can neither read nor make one: keys that only the ends have, one a
// direction, from a secret that the API server gave both, and bound to what it allowed.

import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import { fromBase64Url } from '../../machinery/base64.ts';
import type { StreamEnd } from '../../store/stream-ends.ts';
import type { StreamRequest } from '../protocol.ts';

export const secretBytes = 32;

export interface Sealer {
  /** A text, another one each time. */
  seal(packet: Buffer): string;
  /** undefined: the other end did not say it. */
  open(text: string): Buffer | undefined;
}

export interface SealerOptions {
  readonly secret: Buffer;
  readonly id: string;
  /** What was allowed: ends that were told of another do not understand each other. */
  readonly request: StreamRequest;
  readonly end: StreamEnd;
}

const tagBytes = 16;
const counterBytes = 8;

export function createSealer({ secret, id, request, end }: SealerOptions): Sealer {
  const keyOf = (from: StreamEnd) =>
    Buffer.from(hkdfSync('sha256', secret, id, `zeroplane stream v1 ${from} ${JSON.stringify(request)}`, 32));
  const [own, other] = [keyOf(end), keyOf(end === 'client' ? 'node' : 'client')];
  let sealed = 0n;
  return {
    seal(packet) {
      // Never twice under one key: nobody else seals in this direction, and a packet that is sent again is sealed anew.
      sealed += 1n;
      const nonce = Buffer.alloc(12);
      nonce.writeBigUInt64BE(sealed, 4);
      const cipher = createCipheriv('aes-256-gcm', own, nonce);
      const body = cipher.update(packet);
      cipher.final();
      return Buffer.concat([nonce.subarray(4), body, cipher.getAuthTag()]).toString('base64url');
    },
    open(text) {
      const bytes = fromBase64Url(text);
      if (!bytes || bytes.length < counterBytes + tagBytes) return undefined;
      const nonce = Buffer.alloc(12);
      bytes.copy(nonce, 4, 0, counterBytes);
      try {
        const decipher = createDecipheriv('aes-256-gcm', other, nonce);
        decipher.setAuthTag(bytes.subarray(-tagBytes));
        const packet = decipher.update(bytes.subarray(counterBytes, -tagBytes));
        decipher.final();
        return packet;
      } catch {
        return undefined;
      }
    },
  };
}
