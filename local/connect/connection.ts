// How this user's programs reach a cluster far away: through an edge of their own on this machine, at a port of the loopback address, under
// a certificate and by a secret that nobody else has. Written once, in a file of the user's; a kubeconfig names it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { jsonObject } from '../../core/machinery/json.ts';
import { getOwn } from '../../core/machinery/own.ts';
import { writePrivateFile } from '../../core/process/private-file.ts';
import { UserError } from '../user-error.ts';

/** What proves who the user is, to the cluster. */
export interface Identity {
  readonly cluster: string;
  readonly region: string;
  readonly roleArn?: string;
}

export interface Connection extends Identity {
  /** URL of the cluster's API. */
  readonly server: string;
  readonly port: number;
  /** What a program shows to be let through. */
  readonly secret: string;
  /** PEM: of the edge on this machine, and the authority by which programs know it. */
  readonly key: string;
  readonly certificate: string;
  readonly authority: string;
}

export const loopback = '127.0.0.1';

export function connectionFile(name: string, home = homedir()): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(name))
    throw new UserError(
      `${JSON.stringify(name)} names no cluster: give letters, digits and hyphens, as --cluster has them`,
    );
  return join(home, '.zeroplane', 'connect', `${name}.json`);
}

/** The one that is there, where it leads to the same cluster: kubeconfigs that were written before go on working. */
export async function ensureConnection(
  file: string,
  wanted: Identity & { readonly server: string; readonly port: number | undefined },
): Promise<Connection> {
  const { server, cluster, region, roleArn } = wanted;
  const found = tryRead(file);
  // One that leads elsewhere may run: with another secret and key nobody takes it for this one.
  const known = found?.server === server && found.region === region && found.roleArn === roleArn ? found : undefined;
  const port = wanted.port ?? known?.port ?? (await freePort());
  const made = known ?? { ...(await newCertificate()), secret: randomBytes(32).toString('base64url') };
  const { key, certificate, authority, secret } = made;
  const connection: Connection = {
    server,
    cluster,
    region,
    ...(roleArn !== undefined && { roleArn }),
    port,
    secret,
    key,
    certificate,
    authority,
  };
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writePrivateFile(file, JSON.stringify(connection));
  return connection;
}

/** Throws a UserError where it is not there, can be read by others, or is none. */
export function readConnection(file: string): Connection {
  let text: string;
  try {
    const { mode, uid } = statSync(file);
    if ((mode & 0o077) !== 0 || uid !== process.getuid?.())
      throw new UserError(`${file} may be read by other users: \`chmod 600 ${file}\`, as its owner`);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${file} is not there: \`zeroplane kubeconfig --aws\` writes it`);
  }
  const value = jsonObject(text);
  const field = (name: string): string => {
    const found = getOwn(value, name);
    if (typeof found === 'string' && found !== '') return found;
    throw new UserError(`${file}: ${name} is missing: \`zeroplane kubeconfig --aws\` writes it anew`);
  };
  const port = getOwn(value, 'port');
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535)
    throw new UserError(`${file}: port is no port: \`zeroplane kubeconfig --aws --port\` writes it anew`);
  const roleArn = getOwn(value, 'roleArn');
  return {
    server: field('server'),
    cluster: field('cluster'),
    region: field('region'),
    ...(typeof roleArn === 'string' && { roleArn }),
    port,
    secret: field('secret'),
    key: field('key'),
    certificate: field('certificate'),
    authority: field('authority'),
  };
}

function tryRead(file: string): Connection | undefined {
  try {
    return readConnection(file);
  } catch {
    return undefined;
  }
}

/** An authority for one certificate: its key is forgotten, so that it signs no other. */
async function newCertificate() {
  const { createAuthority, openAuthority } = await import('../../core/certificates/authority.ts');
  const now = new Date();
  const authority = await openAuthority(await createAuthority('zeroplane connect', now));
  const { key, certificate } = await authority.issue({
    // Another name than the authority's: one that names itself as its issuer is taken for self-signed.
    subject: { commonName: loopback },
    names: [{ type: 'ip', value: loopback }],
    usages: ['digital signature', 'server auth'],
    notBefore: new Date(now.getTime() - 3600_000),
    notAfter: authority.notAfter,
  });
  return { key, certificate, authority: authority.certificate };
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, loopback, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
