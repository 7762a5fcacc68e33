// The key of this node: by it the node comes back to its cluster when its token has ended, and with a certificate for it the node serves the
// API to its pods. The key is made here and never leaves the machine.

import { createPrivateKey, createPublicKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { promisify } from 'node:util';
import { type JoinAnswer, nodeProofIssuer, nodeUidClaim } from '../../core/node/joining.ts';
import { signToken } from '../../core/signature/json-web-token.ts';

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

/** As long as a renewal may take; the clocks of both need not agree better than to minutes. */
const proofSeconds = 300;

/** What the node sends in place of its token, to renew it. */
export function nodeProof(
  { key }: NodeKey,
  node: string,
  { uid, proofAudience }: Pick<JoinAnswer, 'uid' | 'proofAudience'>,
  nowMs: number,
): string {
  const iat = Math.floor(nowMs / 1000);
  const claims = { iss: nodeProofIssuer, aud: proofAudience, sub: `system:node:${node}`, [nodeUidClaim]: uid };
  return signToken({ ...claims, iat, exp: iat + proofSeconds }, 'node', 'ES256', createPrivateKey(key));
}
