// `zeroplane node token`: what one machine joins the cluster with, once, as the line to type there.

import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:tls';
import type { ApiClient, ApiCredentials } from '../../agent/api-client/api-client.ts';
import { clustersPath } from '../../core/hosted/hosted-path.ts';
import { authorityHash, joinTokenText } from '../../core/node/join-token.ts';
import { nodeAddress, readCluster } from '../cluster.ts';
import { UserError } from '../user-error.ts';
import { type ClusterApiOptions, isOwnCluster, withClusterApi } from './cluster-api.ts';

export interface NodeTokenOptions extends ClusterApiOptions {
  /** How long it is good. */
  readonly hours: number;
  /** The URL that the machine is to reach the API server by. */
  readonly server: string | undefined;
  /** The token and nothing else. */
  readonly quiet: boolean;
  readonly json: boolean;
}

export interface BootstrapToken {
  readonly bearer: string;
  readonly expires: Date;
  readonly secret: object;
}

export async function printNodeToken(options: NodeTokenOptions): Promise<void> {
  await withClusterApi(options, async (api) => {
    const { ca } = api.credentials;
    const { bearer, expires, secret } = newBootstrapToken(options.hours, new Date());
    const token = joinTokenText({ bearer, expires, ...(ca !== undefined && { authority: authorityHash(ca) }) });
    const server = options.server ?? reachable(api.credentials.server, options.dataDir);
    const pin = ca === undefined ? undefined : await serverKeyPin(server, ca);
    await makeSecret(api, secret);
    // Of another cluster its own machine gives the agent out.
    const isHere = isOwnCluster(options) || isHostedHere(api.credentials.server, options.dataDir);
    if (!options.quiet && isHere) {
      const { ensureReleased } = await import('../release/release.ts');
      await ensureReleased(options.dataDir, (line) => console.error(`the agent as one file: ${line}`));
    }
    if (options.json)
      return void console.log(
        JSON.stringify({ token, expires, server, line: installLine({ server, token, pin }) }, null, 2),
      );
    if (options.quiet) return void process.stdout.write(`${token}\n`);
    console.error(`For one machine, until ${expires.toISOString()}. There, as root:\n`);
    process.stdout.write(`${installLine({ server, token, pin })}\n`);
  });
}

async function makeSecret(api: ApiClient, secret: object): Promise<void> {
  await api.json('POST', '/api/v1/namespaces/kube-system/secrets', { body: secret });
}

/**
 * The token comes in the environment, which only root can read. Where the machine does not know the cluster's authority, curl is told
 * the key of the API server: it looks at nothing else then, and needs nothing else.
 */
function installLine({ server, token, pin }: { server: string; token: string; pin: string | undefined }): string {
  const trust = pin === undefined ? '-fsSL' : `-fsSLk --pinnedpubkey 'sha256//${pin}'`;
  return `curl ${trust} ${server}/install-agent | ZEROPLANE_TOKEN=${token} sh -s -- --server ${server}`;
}

/** Whether it is a cluster that the one on this machine hosts: it gives out the same agent. */
function isHostedHere(server: string, dataDir: string): boolean {
  const { hostname, port, pathname } = new URL(server);
  const here = hostname === '127.0.0.1' || hostname === 'localhost' || hostname === nodeAddress();
  return here && Number(port) === readCluster(dataDir)?.port && pathname.startsWith(clustersPath);
}

/** An administrator's kubeconfig of the cluster on this machine says 127.0.0.1. */
function reachable(server: string, dataDir: string): string {
  const url = new URL(server);
  if (url.hostname !== '127.0.0.1' && url.hostname !== 'localhost') return server;
  const cluster = readCluster(dataDir);
  const isHosted = url.pathname.startsWith(clustersPath);
  return `https://${nodeAddress()}:${cluster?.port ?? url.port}${isHosted ? url.pathname : ''}`;
}

/** SHA-256 of the server's public key (SPKI), in base64, as curl takes it; seen over TLS that `ca` vouches for. Rejects with UserError. */
async function serverKeyPin(server: string, ca: NonNullable<ApiCredentials['ca']>): Promise<string> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const fail = (why: string) =>
      reject(new UserError(`--server: ${server} is not the API server of this cluster, or cannot be reached: ${why}`));
    const socket = connect({ host: hostname, port: Number(port || 443), ca, servername: servername(hostname) }, () => {
      const key = socket.getPeerX509Certificate()?.publicKey.export({ type: 'spki', format: 'der' });
      socket.end();
      if (key) resolve(createHash('sha256').update(key).digest('base64'));
      else fail('it has no certificate');
    });
    socket.setTimeout(15_000, () => socket.destroy(new Error('no answer within 15 s')));
    socket.on('error', (error) => fail(error.message));
  });
}

/** TLS names no addresses (RFC 6066, section 3). */
function servername(hostname: string): string {
  return /^[\d.]+$|^\[/.test(hostname) ? '' : hostname;
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A token for one node, and the Secret that stands behind it. */
export function newBootstrapToken(hours: number, now: Date): BootstrapToken {
  const [id, secret] = [randomText(6), randomText(16)];
  // Whole seconds, as the Secret says it.
  const expires = new Date(Math.floor((now.getTime() + hours * 3600_000) / 1000) * 1000);
  const expiration = `${expires.toISOString().slice(0, 19)}Z`;
  return {
    bearer: `${id}.${secret}`,
    expires,
    secret: {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'bootstrap.kubernetes.io/token',
      metadata: {
        name: `bootstrap-token-${id}`,
        namespace: 'kube-system',
        annotations: { 'zeroplane.dev/one-time': 'true' },
      },
      stringData: { 'token-id': id, 'token-secret': secret, 'usage-bootstrap-authentication': 'true', expiration },
    },
  };
}

/** Bytes from 252 on are left out: the first letters would come more often. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) for (const byte of randomBytes(32)) if (byte < 252) text += letters[byte % 36];
  return text.slice(0, length);
}
