// A certificate authority: a key and its certificate, and the certificates that it issues.
// The library behind it is heavy: import this module lazily.

import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  PemConverter,
  type PublicKeyType,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { alternativeNamesOf, readCertificateRequest } from './certificate-request.ts';

/** Both PEM; the key PKCS 8. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Wanted {
  /** Such as `O=system:nodes, CN=system:node:a`. */
  readonly subject: string | Name;
  readonly names?: readonly JsonGeneralName[];
  /** As `spec.usages` of a CertificateSigningRequest names them. */
  readonly usages: readonly string[];
  readonly notBefore: Date;
  /** The authority's own end, where that is earlier. */
  readonly notAfter: Date;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  readonly notAfter: Date;
  /** A certificate with a key of its own. */
  issue(wanted: Wanted): Promise<KeyPair>;
  /** A certificate (PEM) for a public key (PEM, SPKI). Rejects when it is none. */
  certify(publicKey: string, wanted: Wanted): Promise<string>;
  /** The certificate (PEM) that a request (PEM) asks for, with the usages and times that are granted. */
  sign(request: string, granted: Omit<Wanted, 'subject' | 'names'>): Promise<string>;
}

const day = 24 * 60 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new key and a certificate that it signs itself, good for ten years. */
export async function createAuthority(commonName: string, now: Date): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=${commonName}`,
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { key: await keyPem(keys.privateKey), certificate: `${certificate.toString('pem')}\n` };
}

/** Throws when the key is not an EC P-256 key in PEM. */
export async function openAuthority(pair: KeyPair): Promise<Authority> {
  const own = new X509Certificate(pair.certificate);
  const der = PemConverter.decodeFirst(pair.key);
  const signingKey = await crypto.subtle.importKey('pkcs8', der, algorithm, true, ['sign']);

  const certify = async (publicKey: PublicKeyType, wanted: Wanted): Promise<string> => {
    const { subject, names, notBefore, notAfter } = wanted;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: own.subjectName,
      notBefore,
      notAfter: notAfter < own.notAfter ? notAfter : own.notAfter,
      signingAlgorithm: algorithm,
      publicKey,
      signingKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        ...usageExtensions(wanted.usages),
        ...(names?.length ? [new SubjectAlternativeNameExtension([...names])] : []),
        await AuthorityKeyIdentifierExtension.create(own.publicKey),
      ],
    });
    return `${certificate.toString('pem')}\n`;
  };

  return {
    certificate: pair.certificate,
    notAfter: own.notAfter,
    async issue(wanted) {
      const keys = await newKeys();
      return { key: await keyPem(keys.privateKey), certificate: await certify(keys.publicKey, wanted) };
    },
    certify: (publicKey, wanted) => certify(PemConverter.decodeFirst(publicKey), wanted),
    async sign(request, granted) {
      const { parsed } = await readCertificateRequest(request);
      const names = alternativeNamesOf(parsed)?.toJSON();
      return certify(parsed.publicKey, { ...granted, subject: parsed.subjectName, ...(names && { names }) });
    },
  };
}

const flags: Readonly<Record<string, KeyUsageFlags>> = {
  signing: KeyUsageFlags.digitalSignature,
  'digital signature': KeyUsageFlags.digitalSignature,
  'content commitment': KeyUsageFlags.nonRepudiation,
  'key encipherment': KeyUsageFlags.keyEncipherment,
  'key agreement': KeyUsageFlags.keyAgreement,
  'data encipherment': KeyUsageFlags.dataEncipherment,
};

const extended: Readonly<Record<string, string>> = {
  'server auth': ExtendedKeyUsage.serverAuth,
  'client auth': ExtendedKeyUsage.clientAuth,
};

function usageExtensions(usages: readonly string[]): Extension[] {
  const bits = usages.reduce((sum, each) => sum | (flags[each] ?? 0), 0);
  const purposes = usages.flatMap((each) => extended[each] ?? []);
  return [
    ...(bits === 0 ? [] : [new KeyUsagesExtension(bits, true)]),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension(purposes)]),
  ];
}

function newKeys() {
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** PKCS 8. */
async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const bytes = await crypto.subtle.exportKey('pkcs8', key);
  return `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`;
}

/** Positive and of 16 bytes (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}
