// The certificate by which a node serves the API to its own pods, under the names and the address that pods know it by.

import type { KeyPair } from '../certificates/authority.ts';
import type { Store } from '../store/store.ts';
import { ensureAuthority } from './authority.ts';

export interface ApiNames {
  /** Of the Service `kubernetes`. */
  readonly apiAddress: string;
  readonly clusterDomain: string;
}

const day = 24 * 3600_000;
/** The agent asks for another when a third of it is left. */
const validDays = 90;

/** `publicKey`: SPKI in PEM, of a key that the node keeps. PEM. Rejects when it is no key. */
export async function certifyNodeApi(store: Store, publicKey: string, names: ApiNames, now: Date): Promise<string> {
  return certifyNodeApiBy(await ensureAuthority(store, now), publicKey, names, now);
}

/** The same by an authority that is kept elsewhere. */
export async function certifyNodeApiBy(pair: KeyPair, publicKey: string, names: ApiNames, now: Date): Promise<string> {
  const { openAuthority } = await import('../certificates/authority.ts');
  const authority = await openAuthority(pair);
  const service = 'kubernetes.default.svc';
  const dns = ['kubernetes', 'kubernetes.default', service, `${service}.${names.clusterDomain}`];
  return authority.certify(publicKey, {
    subject: { commonName: service },
    names: [...dns.map((value) => ({ type: 'dns' as const, value })), { type: 'ip', value: names.apiAddress }],
    usages: ['digital signature', 'server auth'],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + validDays * day),
  });
}
