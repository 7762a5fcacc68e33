// The authority that signs the cluster's certificates, where no file can hold its key: made when it is first asked for.

import type { KeyPair } from '../certificates/authority.ts';
import { parseJson } from '../machinery/json.ts';
import type { Store } from '../store/store.ts';
import { makeOnce } from './make-once.ts';

/** Every process that asks gets the same. */
export async function ensureAuthority(store: Store, now: Date): Promise<KeyPair> {
  const text = await makeOnce(store, 'certificate-authority', async () => {
    const { createAuthority } = await import('../certificates/authority.ts');
    return JSON.stringify(await createAuthority('zeroplane-ca', now));
  });
  // as: written above only.
  return parseJson(text) as KeyPair;
}
