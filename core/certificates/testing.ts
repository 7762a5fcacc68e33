// Requests for certificates, for tests.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  type JsonGeneralName,
  PemConverter,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';

/** A request (PEM) with its new key (PEM). */
export interface TestRequest {
  readonly request: string;
  readonly key: string;
}

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export async function certificateRequest(
  commonName: string,
  organizations: readonly string[] = [],
  names: readonly JsonGeneralName[] = [],
  signingAlgorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams = p256,
): Promise<TestRequest> {
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const name = [`CN=${commonName}`, ...organizations.map((each) => `O=${each}`)].join(', ');
  const extensions = names.length > 0 ? [new SubjectAlternativeNameExtension([...names])] : [];
  const made = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm, extensions });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { request: made.toString('pem'), key: PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
