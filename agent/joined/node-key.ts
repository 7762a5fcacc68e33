// The key and the certificate by which this node serves the API to its pods. The key is made here and never leaves the machine.

import { createPublicKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';

/** PEM; the key PKCS 8. */
export interface NodeKey {
  readonly key: string;
  readonly certificate?: string;
}

export async function makeNodeKey(): Promise<NodeKey> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: 'P-256' });
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

/** SPKI in PEM. */
export function publicKeyOf({ key }: NodeKey): string {
  return createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
}

/** There is none, or less than a third of its time is left. */
export function needsCertificate({ certificate }: NodeKey, nowMs: number): boolean {
  if (certificate === undefined) return true;
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return to - nowMs < (to - from) / 3;
}
