// The key that signs the cluster's tokens, where no file can hold it.

import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { Store } from '../store/store.ts';
import { makeOnce } from './make-once.ts';

/** PEM, PKCS 8, P-256. Every process that asks gets the same. */
export function ensureSigningKey(store: Store): Promise<string> {
  return makeOnce(store, 'service-account', async () => {
    const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  });
}
