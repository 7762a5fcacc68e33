// The cluster's certificates and keys, made at first start: one CA, from it the server's, the administrator's and the node's
// certificates, and the key that signs service account tokens. Renewed when they run out or the machine's addresses changed.

import 'reflect-metadata';
import { randomBytes, type webcrypto, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as PeculiarCertificate,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { addressOf, type Cluster } from './cluster.ts';

export interface Pki {
  readonly directory: string;
  readonly caCertificate: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
  /** Bearer token of the administrator, for clients that cannot present a certificate. */
  readonly adminToken: string;
}

const day = 24 * 60 * 60 * 1000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

interface Authority {
  readonly certificate: PeculiarCertificate;
  readonly key: webcrypto.CryptoKey;
}

/** Makes what is missing under `<dataDir>/pki` and renews what runs out within 30 days. */
export async function ensurePki(cluster: Cluster): Promise<Pki> {
  const directory = join(cluster.dataDir, 'pki');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(directory);
  const names = serverNames(cluster);
  await ensureCertificate(directory, 'server', authority, { subject: 'CN=zeroplane-apiserver', names, server: true });
  await ensureCertificate(directory, 'admin', authority, { subject: 'O=system:masters, CN=zeroplane-admin' });
  await ensureCertificate(directory, 'node', authority, {
    subject: `O=system:nodes, CN=system:node:${cluster.nodeName}`,
  });
  await ensureSigningKey(directory);
  ensureToken(directory);
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  return {
    directory,
    caCertificate: read('ca.crt'),
    adminCertificate: read('admin.crt'),
    adminKey: read('admin.key'),
    adminToken: read('admin.token').trim(),
  };
}

async function ensureAuthority(directory: string): Promise<Authority> {
  const path = join(directory, 'ca.crt');
  if (existsSync(path)) {
    const certificate = new PeculiarCertificate(readFileSync(path, 'utf8'));
    return { certificate, key: await readKey(join(directory, 'ca.key')) };
  }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=zeroplane-ca',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 3650 * day),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeKey(join(directory, 'ca.key'), keys.privateKey);
  writeFileSync(path, `${certificate.toString('pem')}\n`);
  return { certificate, key: keys.privateKey };
}

interface Wanted {
  readonly subject: string;
  readonly names?: readonly JsonGeneralName[];
  readonly server?: boolean;
}

async function ensureCertificate(directory: string, file: string, authority: Authority, wanted: Wanted): Promise<void> {
  const path = join(directory, `${file}.crt`);
  if (existsSync(path) && stillGood(readFileSync(path, 'utf8'), wanted)) return;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const usage = wanted.server ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: wanted.subject,
    issuer: authority.certificate.subject,
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 365 * day),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: authority.key,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      ...(wanted.names ? [new SubjectAlternativeNameExtension([...wanted.names])] : []),
    ],
  });
  await writeKey(join(directory, `${file}.key`), keys.privateKey);
  writeFileSync(path, `${certificate.toString('pem')}\n`);
}

function stillGood(pem: string, wanted: Wanted): boolean {
  const certificate = new X509Certificate(pem);
  if (new Date(certificate.validTo).getTime() < Date.now() + 30 * day) return false;
  return (wanted.names ?? []).every(({ type, value }) =>
    type === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value),
  );
}

function serverNames(cluster: Cluster): JsonGeneralName[] {
  const dns = ['localhost', hostname().toLowerCase(), 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  dns.push(`kubernetes.default.svc.${cluster.clusterDomain}`);
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const ips = new Set(['127.0.0.1', addressOf(cluster.serviceCIDR, 1)]);
  for (const { family, address } of own) if (family === 'IPv4') ips.add(address);
  return [
    ...[...new Set(dns)].map((value) => ({ type: 'dns' as const, value })),
    ...[...ips].map((value) => ({ type: 'ip' as const, value })),
  ];
}

async function ensureSigningKey(directory: string): Promise<void> {
  const path = join(directory, 'service-account.key');
  if (existsSync(path)) return;
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  await writeKey(path, keys.privateKey);
}

function ensureToken(directory: string): void {
  const path = join(directory, 'admin.token');
  if (!existsSync(path)) writeFileSync(path, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

async function writeKey(path: string, key: webcrypto.CryptoKey): Promise<void> {
  const bytes = await crypto.subtle.exportKey('pkcs8', key);
  writeFileSync(path, `${PemConverter.encode(bytes, PemConverter.PrivateKeyTag)}\n`, { mode: 0o600 });
}

async function readKey(path: string): Promise<webcrypto.CryptoKey> {
  const bytes = PemConverter.decodeFirst(readFileSync(path, 'utf8'));
  return crypto.subtle.importKey('pkcs8', bytes, algorithm, true, ['sign']);
}

/** Positive and of 16 bytes (RFC 5280, section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}
