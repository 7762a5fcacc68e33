// A key that signs the cluster's tokens, as PEM has it: RSA or P-256. Its id is a hash of its public half, so that every process finds the same.

import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Algorithm } from './json-web-token.ts';

export interface SigningKey {
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Throws for what is not PEM, and for another kind of key. */
export function readSigningKey(pem: string | Buffer): SigningKey {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const id = createHash('sha256').update(der).digest('base64url');
  const kind = privateKey.asymmetricKeyType;
  if (kind === 'rsa') return { id, algorithm: 'RS256', privateKey, publicKey };
  if (kind === 'ec' && privateKey.asymmetricKeyDetails?.namedCurve === 'prime256v1')
    return { id, algorithm: 'ES256', privateKey, publicKey };
  throw new Error(`a service account key must be RSA or EC P-256, not ${kind}`);
}
