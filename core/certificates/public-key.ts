// The public keys that are certified: which kinds, and how strong.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { childrenOfTag, readDer, tags, wholeBytesOf } from './der.ts';

export interface PublicKey {
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly key: KeyObject;
}

const curves: ReadonlySet<string | undefined> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
const fewestBits = 2048;
/** More cost too much to check. */
const mostBits = 8192;

/** Throws an Error when it is none, or is written otherwise than it would be written again. */
export function readPublicKey(spki: Uint8Array): PublicKey {
  const given = Buffer.from(spki);
  const key = parsed(given);
  const { modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') checkPlain(given);
  if (modulusLength > mostBits) throw new Error(`an RSA key may have at most ${mostBits} bits`);
  if (!key.export({ type: 'spki', format: 'der' }).equals(given)) throw new Error('the public key is not in DER');
  return { spki: given, key };
}

/** From PEM, of one block `PUBLIC KEY`. Throws an Error when it is none. */
export function readPublicKeyPem(pem: string): PublicKey {
  const [, base64 = ''] =
    /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(pem) ?? [];
  if (base64 === '') throw new Error('PEM block type must be PUBLIC KEY');
  return readPublicKey(Buffer.from(base64, 'base64'));
}

/** Why Kubernetes' signers here do not certify a key; undefined: they do. */
export function weaknessOf({ key }: PublicKey): string | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
      if (modulusLength < fewestBits) return `an RSA key must have at least ${fewestBits} bits`;
      return publicExponent < 65_537n || publicExponent % 2n === 0n
        ? 'the exponent of an RSA key must be 65537 or more'
        : undefined;
    case 'ec':
      return curves.has(namedCurve) ? undefined : 'an elliptic curve must be P-256, P-384 or P-521';
    case 'ed25519':
      return undefined;
    default:
      return 'the public key must be RSA, ECDSA or Ed25519';
  }
}

function parsed(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch (error) {
    throw new Error('the public key cannot be read', { cause: error });
  }
}

/** OpenSSL takes a curve that is given by its parameters, and a point in its short form, and writes both again as they came. */
function checkPlain(spki: Buffer): void {
  const [algorithm, point] = childrenOfTag(readDer(spki), tags.sequence, 'the public key');
  const [, curve] = childrenOfTag(algorithm, tags.sequence, "the public key's algorithm");
  // Source: RFC 5480, section 2.1.1; SEC 1, section 2.3.3.
  if (curve?.tag !== tags.oid) throw new Error('an elliptic curve must be given by its name');
  if (wholeBytesOf(point)[0] !== 4) throw new Error('the point of an elliptic curve must be given in full');
}
