// A certificate authority: a key and its certificate, and the certificates that it issues. Each is read back, by the reader that the
// TLS edge has, before anybody gets it: a library that writes something else than what was meant makes no credential.
// The library behind it is heavy: import this module lazily.

import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { readCertificate } from './certificate.ts';
import { readCertificateRequest } from './certificate-request.ts';
import { type CertifiedIdentity, type DistinguishedName, identityOf, nameTypes } from './distinguished-name.ts';
import { alternativeNamesOf, isAuthority, keyUsageOf, plainAddress, purposes, purposesOf } from './extensions.ts';
import { type PublicKey, readPublicKey, readPublicKeyPem } from './public-key.ts';
import { requestedIdentity } from './signers.ts';

/** Both PEM; the key PKCS 8. */
export interface KeyPair {
  readonly key: string;
  readonly certificate: string;
}

export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

export interface CertificateOptions {
  readonly subject: Subject;
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
  issue(wanted: CertificateOptions): Promise<KeyPair>;
  /** A certificate (PEM) for a public key (PEM, SPKI). Rejects when it is none. */
  certify(publicKey: string, wanted: CertificateOptions): Promise<string>;
  /**
   * The certificate (PEM) that a request (PEM) asks for, with the usages and times that are granted. Rejects when it names not exactly one
   * user.
   */
  sign(request: string, granted: Omit<CertificateOptions, 'subject' | 'names'>): Promise<string>;
}

const day = 24 * 60 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** A new key and a certificate that it signs itself, good for ten years. */
export async function createAuthority(commonName: string, now: Date): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: encodedName(nameOf({ commonName })),
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

  const certify = async (
    publicKey: PublicKey,
    wanted: CertificateOptions,
    name = nameOf(wanted.subject),
  ): Promise<string> => {
    const { names, notBefore } = wanted;
    const notAfter = wanted.notAfter < own.notAfter ? wanted.notAfter : own.notAfter;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: encodedName(name),
      issuer: own.subjectName,
      notBefore,
      notAfter,
      signingAlgorithm: algorithm,
      publicKey: Uint8Array.from(publicKey.spki),
      signingKey,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        ...usageExtensions(wanted.usages),
        ...(names?.length ? [new SubjectAlternativeNameExtension([...names])] : []),
        await AuthorityKeyIdentifierExtension.create(own.publicKey),
      ],
    });
    checkIssued(new Uint8Array(certificate.rawData), publicKey, { ...wanted, notAfter }, name);
    return `${certificate.toString('pem')}\n`;
  };

  return {
    certificate: pair.certificate,
    notAfter: own.notAfter,
    async issue(wanted) {
      const keys = await newKeys();
      const spki = await crypto.subtle.exportKey('spki', keys.publicKey);
      return {
        key: await keyPem(keys.privateKey),
        certificate: await certify(readPublicKey(new Uint8Array(spki)), wanted),
      };
    },
    certify: async (publicKey, wanted) => certify(readPublicKeyPem(publicKey), wanted),
    async sign(request, granted) {
      const asked = await readCertificateRequest(request);
      const subject = requestedIdentity(asked);
      const names: JsonGeneralName[] = [
        ...asked.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...asked.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
        ...asked.emailAddresses.map((value) => ({ type: 'email' as const, value })),
        ...asked.uris.map((value) => ({ type: 'url' as const, value })),
      ];
      return certify(asked.publicKey, { ...granted, subject, names }, asked.subject);
    },
  };
}

function nameOf({ commonName, organizations = [] }: Subject): DistinguishedName {
  return [
    ...organizations.map((text) => [{ type: nameTypes.organization, text }]),
    [{ type: nameTypes.commonName, text: commonName }],
  ];
}

/** Each attribute in a set of its own, and of a type of text that all readers agree on. The library would take `#0c...` for DER. */
function encodedName(name: DistinguishedName): Name {
  return new Name(
    name.flat().map(({ type, text = '' }) => ({
      [type]: [Name.isPrintableString(text) ? { printableString: text } : { utf8String: text }],
    })),
  );
}

/** Throws an Error when a certificate says something else than what was meant. */
function checkIssued(der: Uint8Array, { spki }: PublicKey, wanted: CertificateOptions, name: DistinguishedName): void {
  const { extensions, ...read } = readCertificate(der);
  const names = alternativeNamesOf(extensions);
  const wantedNames = (type: JsonGeneralName['type']) =>
    (wanted.names ?? []).filter((each) => each.type === type).map(({ value }) => value);
  const { bits, purposes: wantedPurposes } = usagesOf(wanted.usages);
  const differs = Object.entries({
    subject: [read.subject.flat(), name.flat()],
    identity: [identityOf(read.subject), identityOf(name)],
    'who was meant': [groupsOf(identityOf(read.subject)), groupsOf(wanted.subject)],
    'public key': [read.spki.toString('hex'), spki.toString('hex')],
    'begin and end': [
      [read.notBefore, read.notAfter],
      [wanted.notBefore, wanted.notAfter].map((each) => Math.floor(each.getTime() / 1000) * 1000),
    ],
    'basic constraints': [isAuthority(extensions), false],
    'key usage': [keyUsageOf(extensions) ?? 0, reversed(bits)],
    'extended key usage': [purposesOf(extensions) ?? [], wantedPurposes],
    'DNS names': [names.dnsNames, wantedNames('dns')],
    'IP addresses': [names.ipAddresses.map(plainAddress), wantedNames('ip').map(plainAddress)],
    'email addresses': [names.emailAddresses, wantedNames('email')],
    URIs: [names.uris, wantedNames('url')],
  }).find(([, [is, meant]]) => !isDeepStrictEqual(is, meant));
  if (differs)
    throw new Error(`the certificate that was made is not the one that was meant: its ${differs[0]} differs`);
}

function groupsOf({ commonName, organizations = [] }: Subject | CertifiedIdentity): readonly string[] {
  return [commonName, ...organizations];
}

const flags: ReadonlyMap<string, KeyUsageFlags> = new Map([
  ['signing', KeyUsageFlags.digitalSignature],
  ['digital signature', KeyUsageFlags.digitalSignature],
  ['content commitment', KeyUsageFlags.nonRepudiation],
  ['key encipherment', KeyUsageFlags.keyEncipherment],
  ['key agreement', KeyUsageFlags.keyAgreement],
  ['data encipherment', KeyUsageFlags.dataEncipherment],
]);

interface Usages {
  readonly bits: number;
  /** Types in dots. */
  readonly purposes: readonly string[];
}

function usagesOf(usages: readonly string[]): Usages {
  return {
    bits: usages.reduce((sum, each) => sum | (flags.get(each) ?? 0), 0),
    purposes: usages.flatMap((each) => (each === 'server auth' || each === 'client auth' ? purposes[each] : [])),
  };
}

function usageExtensions(usages: readonly string[]): Extension[] {
  const { bits, purposes } = usagesOf(usages);
  return [
    ...(bits === 0 ? [] : [new KeyUsagesExtension(bits, true)]),
    ...(purposes.length === 0 ? [] : [new ExtendedKeyUsageExtension([...purposes])]),
  ];
}

/** A KeyUsage's first bit is the highest of its byte in DER, and the lowest of the library's flags. */
function reversed(bits: number): number {
  return Array.from({ length: 8 }, (_, at) => ((bits >> at) & 1) << (7 - at)).reduce((sum, each) => sum | each, 0);
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
