// The key that signs the cluster's tokens, where no file can hold it: made once, kept in the store under a type that no API serves.

import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Store } from '../store/store.ts';
import { StoreError } from '../store/store.ts';

const type = 'zeroplane/keys';
const name = 'service-account';

/** PEM, PKCS 8, P-256. Every process that asks gets the same. */
export async function ensureSigningKey(store: Store): Promise<string> {
  const found = await store.get(type, name);
  if (found) return Buffer.from(found.value).toString();
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  try {
    await store.commit([{ op: 'put', type, name, expect: 0, value: { bytes: Buffer.from(pem) } }]);
    return pem;
  } catch (error) {
    const lost = error instanceof StoreError && ['conflict', 'ambiguous'].includes(error.failure.code);
    if (!lost) throw error;
    // Another process was quicker, or our answer was lost: what is stored counts.
    const stored = await store.get(type, name);
    if (!stored) throw error;
    return Buffer.from(stored.value).toString();
  }
}
