// Warnings about Secrets: a certificate whose key is another's, in Go's words.

import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import type { V1Secret } from '../../../../generated/kubernetes.ts';

export function warnOfSecret({ type, data }: V1Secret): string[] {
  if (type !== 'kubernetes.io/tls') return [];
  const warning = mismatch(text(data?.['tls.crt']), text(data?.['tls.key']));
  return warning === undefined ? [] : [warning];
}

function text(base64: string | undefined): string {
  return Buffer.from(base64 ?? '', 'base64').toString('latin1');
}

const block = /-----BEGIN [^-\n]*-----/;

function mismatch(certificate: string, key: string): string | undefined {
  if (!block.test(certificate)) return 'tls: failed to find any PEM data in certificate input';
  if (!certificate.includes('-----BEGIN CERTIFICATE-----'))
    return 'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of other types';
  if (!block.test(key)) return 'tls: failed to find any PEM data in key input';
  const read = readOrUndefined(() => new X509Certificate(certificate));
  if (!read) return 'x509: malformed certificate';
  const secret = readOrUndefined(() => createPrivateKey(key));
  if (!secret) return 'tls: failed to parse private key';
  if (read.publicKey.asymmetricKeyType !== secret.asymmetricKeyType)
    return 'tls: private key type does not match public key type';
  return read.publicKey.equals(createPublicKey(secret)) ? undefined : 'tls: private key does not match public key';
}

function readOrUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
