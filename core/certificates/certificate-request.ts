// A PKCS #10 certificate request, read (RFC 2986). The library behind it is heavy: import this module lazily.

import 'reflect-metadata';
import { type GeneralNames, Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from '@peculiar/x509';
import type { RequestedIdentity } from './signers.ts';

export interface CertificateRequest extends RequestedIdentity {
  readonly parsed: Pkcs10CertificateRequest;
}

const pemBlock = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\r?\n([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/;

/** Throws an Error that says what is wrong with it: its form, its contents, or a signature that is not of its own key. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequest> {
  const [, label, base64 = ''] = pemBlock.exec(pem) ?? [];
  if (label !== 'CERTIFICATE REQUEST') throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const parsed = parse(Buffer.from(base64, 'base64'));
  if (!(await parsed.verify().catch(() => false)))
    throw new Error('the signature of the certificate request does not match its public key');
  const subject = parsed.subjectName;
  const names = alternativeNames(parsed);
  return {
    commonName: subject.getField('CN').at(-1) ?? '',
    organizations: subject.getField('O'),
    dnsNames: names('dns'),
    ipAddresses: names('ip'),
    emailAddresses: names('email'),
    uris: names('url'),
    parsed,
  };
}

function parse(der: Uint8Array<ArrayBuffer>): Pkcs10CertificateRequest {
  try {
    const parsed = new Pkcs10CertificateRequest(der);
    // What is read lazily fails here, and not where it is used.
    void parsed.subjectName;
    void parsed.publicKey;
    void parsed.extensions;
    return parsed;
  } catch (error) {
    throw new Error('the certificate request cannot be read', { cause: error });
  }
}

function alternativeNames(parsed: Pkcs10CertificateRequest): (type: 'dns' | 'ip' | 'email' | 'url') => string[] {
  const items = alternativeNamesOf(parsed)?.items ?? [];
  return (type) => items.filter((each) => each.type === type).map((each) => each.value);
}

/** The subjectAltName extension that is asked for. */
export function alternativeNamesOf(parsed: Pkcs10CertificateRequest): GeneralNames | undefined {
  return parsed.extensions.find((each) => each instanceof SubjectAlternativeNameExtension)?.names;
}
