// A certificate, read (RFC 5280): by the TLS edge to know who a client is, and by the authority to see what it signed.

import { childrenOf, childrenOfTag, contextTag, readDer, tags, timeOf, withTag } from './der.ts';
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts';
import { type Extensions, readExtensions } from './extensions.ts';

export interface Certificate {
  readonly subject: DistinguishedName;
  /** Unix milliseconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Buffer;
  readonly extensions: Extensions;
}

/** Says nothing about who signed it. Throws an Error when it is no certificate in DER. */
export function readCertificate(der: Uint8Array): Certificate {
  const [whole] = childrenOfTag(readDer(der), tags.sequence, 'the certificate');
  const parts = childrenOfTag(whole, tags.sequence, 'what is certified');
  // A version of its own is written only above 1, and only those have extensions.
  const [, , , validity, subject, publicKey, ...rest] = parts[0]?.tag === contextTag(0, true) ? parts.slice(1) : parts;
  const [notBefore, notAfter] = childrenOfTag(validity, tags.sequence, 'the validity');
  const holder = rest.find(({ tag }) => tag === contextTag(3, true));
  return {
    subject: readDistinguishedName(subject),
    notBefore: timeOf(notBefore),
    notAfter: timeOf(notAfter),
    spki: withTag(publicKey, tags.sequence, 'the public key').whole,
    extensions: holder ? readExtensions(childrenOf(holder)[0]) : new Map(),
  };
}
