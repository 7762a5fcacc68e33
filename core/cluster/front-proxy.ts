// What the API server is to extension API servers where no file can hold it: an authority of the front proxy, made once, and a client
// certificate of it that is made anew in time.

import { X509Certificate } from 'node:crypto';
import type { KeyPair } from '../certificates/authority.ts';
import { parseJson } from '../machinery/json.ts';
import { ownType } from '../store/own-types.ts';
import type { Store } from '../store/store.ts';
import { makeOnce } from './make-once.ts';

/** The common name by which extension API servers know it. */
export const frontProxyName = 'front-proxy-client';

const type = ownType('keys');
const day = 24 * 3600_000;
const validDays = 365;
/** What is left of a certificate when another is made. */
const renewedDays = 120;

/** Whose certificates carry who asks. PEM. */
export async function frontProxyAuthority(store: Store, now: Date): Promise<string> {
  return (await ensureFrontProxyAuthority(store, now)).certificate;
}

/** Every process that asks gets one that is good for months. */
export async function frontProxyClient(store: Store, now: Date): Promise<KeyPair> {
  const found = await store.get(type, frontProxyName);
  // as, here and below: written here only.
  const kept = found && (parseJson(Buffer.from(found.value).toString()) as KeyPair);
  if (kept && isGood(kept, now)) return kept;
  const { openAuthority } = await import('../certificates/authority.ts');
  const authority = await openAuthority(await ensureFrontProxyAuthority(store, now));
  const made = await authority.issue({
    subject: { commonName: frontProxyName },
    usages: ['digital signature', 'client auth'],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + validDays * day),
  });
  const value = { bytes: Buffer.from(JSON.stringify(made)) };
  // Any number of them may be good at once: whose is kept does not matter.
  await store.commit([{ op: 'put', type, name: frontProxyName, expect: 'any', value }]);
  return made;
}

function isGood({ certificate }: KeyPair, now: Date): boolean {
  return new X509Certificate(certificate).validToDate.getTime() - now.getTime() > renewedDays * day;
}

async function ensureFrontProxyAuthority(store: Store, now: Date): Promise<KeyPair> {
  const text = await makeOnce(store, 'front-proxy-authority', async () => {
    const { createAuthority } = await import('../certificates/authority.ts');
    return JSON.stringify(await createAuthority('zeroplane-front-proxy-ca', now));
  });
  return parseJson(text) as KeyPair;
}
