// The cluster's certificates and keys, made at first start: one CA, from it the server's, the administrator's and the node's
// certificates, and the key that signs service account tokens. Renewed when they run out or the machine's addresses changed.

import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { JsonGeneralName } from '@peculiar/x509';
import {
  type Authority,
  createAuthority,
  type KeyPair,
  openAuthority,
  type Subject,
} from '../core/certificates/authority.ts';
import { frontProxyName } from '../core/cluster/front-proxy.ts';
import { apiAddress } from '../core/kinds/allocate/dns-address.ts';
import { writePrivateFile } from '../core/process/private-file.ts';
import type { Cluster } from './cluster.ts';
import { ensureEncryptionKey } from './encryption-keys.ts';
import { ensureSigningKey } from './signing-keys.ts';

export interface Pki {
  readonly directory: string;
  readonly caCertificate: string;
  readonly adminCertificate: string;
  readonly adminKey: string;
  /** Bearer token of the administrator, for clients that cannot present a certificate. */
  readonly adminToken: string;
}

const day = 24 * 60 * 60 * 1000;

export interface PkiOptions {
  /** Every certificate but the authorities' own, however long it is good. */
  readonly renewAll?: boolean;
  readonly now?: Date;
}

/** Makes what is missing under `<dataDir>/pki` and renews what runs out within 30 days. */
export async function ensurePki(
  cluster: Cluster,
  { renewAll = false, now = new Date() }: PkiOptions = {},
): Promise<Pki> {
  const directory = join(cluster.dataDir, 'pki');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const authority = await ensureAuthority(directory, 'ca', 'zeroplane-ca');
  const names = serverNames(cluster);
  const ensureCertificate = (file: string, signer: Authority, wanted: Wanted) =>
    ensureOne({ directory, file, signer, wanted, renewAll, now });
  await ensureCertificate('server', authority, {
    subject: { commonName: 'zeroplane-apiserver' },
    names,
    server: true,
  });
  await ensureCertificate('admin', authority, {
    subject: { commonName: 'zeroplane-admin', organizations: ['system:masters'] },
  });
  await ensureCertificate('node', authority, {
    subject: { commonName: `system:node:${cluster.nodeName}`, organizations: ['system:nodes'] },
  });
  // An authority of its own: who has one of its certificates may act in any name at an extension API server.
  const frontProxy = await ensureAuthority(directory, 'front-proxy-ca', 'zeroplane-front-proxy-ca');
  await ensureCertificate('front-proxy-client', frontProxy, { subject: { commonName: frontProxyName } });
  await ensureSigningKey(directory);
  ensureToken(directory);
  ensureEncryptionKey(directory);
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  return {
    directory,
    caCertificate: read('ca.crt'),
    adminCertificate: read('admin.crt'),
    adminKey: read('admin.key'),
    adminToken: read('admin.token').trim(),
  };
}

async function ensureAuthority(directory: string, name: string, commonName: string): Promise<Authority> {
  if (!existsSync(join(directory, `${name}.crt`)))
    writePair(directory, name, await createAuthority(commonName, new Date()));
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  return openAuthority({ key: read(`${name}.key`), certificate: read(`${name}.crt`) });
}

interface Wanted {
  readonly subject: Subject;
  readonly names?: readonly JsonGeneralName[];
  readonly server?: boolean;
}

interface Ensured {
  readonly directory: string;
  readonly file: string;
  readonly signer: Authority;
  readonly wanted: Wanted;
  readonly renewAll: boolean;
  readonly now: Date;
}

async function ensureOne({ directory, file, signer, wanted, renewAll, now }: Ensured): Promise<void> {
  const path = join(directory, `${file}.crt`);
  if (!renewAll && existsSync(path) && stillGood(readFileSync(path, 'utf8'), wanted, now)) return;
  const pair = await signer.issue({
    subject: wanted.subject,
    ...(wanted.names && { names: wanted.names }),
    usages: ['digital signature', wanted.server ? 'server auth' : 'client auth'],
    notBefore: new Date(now.getTime() - day),
    notAfter: new Date(now.getTime() + 365 * day),
  });
  writePair(directory, file, pair);
}

/** The key first: a certificate says that both are there. */
function writePair(directory: string, file: string, { key, certificate }: KeyPair): void {
  writePrivateFile(join(directory, `${file}.key`), key);
  writePrivateFile(join(directory, `${file}.crt`), certificate);
}

function stillGood(pem: string, wanted: Wanted, now: Date): boolean {
  const certificate = new X509Certificate(pem);
  if (new Date(certificate.validTo).getTime() < now.getTime() + 30 * day) return false;
  return (wanted.names ?? []).every(({ type, value }) =>
    type === 'ip' ? certificate.checkIP(value) : certificate.checkHost(value),
  );
}

function serverNames(cluster: Cluster): JsonGeneralName[] {
  const dns = ['localhost', hostname().toLowerCase(), 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
  dns.push(`kubernetes.default.svc.${cluster.clusterDomain}`);
  const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const ips = new Set(['127.0.0.1', apiAddress(cluster.serviceCIDR)]);
  if (cluster.nodeExternalIP !== undefined) ips.add(cluster.nodeExternalIP);
  const both = cluster.podCIDR.includes(',');
  for (const { family, address } of own)
    if (family === 'IPv4' || (both && !address.startsWith('fe80:'))) ips.add(address);
  return [
    ...[...new Set(dns)].map((value) => ({ type: 'dns' as const, value })),
    ...[...ips].map((value) => ({ type: 'ip' as const, value })),
  ];
}

function ensureToken(directory: string): void {
  const path = join(directory, 'admin.token');
  if (!existsSync(path)) writePrivateFile(path, `${randomBytes(32).toString('hex')}\n`);
}
