// `zeroplane connect` and what kubectl runs before it dials it.

import { createLog } from '../core/process/log.ts';
import { connectionFile, readConnection } from '../local/connect/connection.ts';
import { ensureServed } from '../local/connect/ensure.ts';
import { serveConnection } from '../local/connect/serve.ts';
import { type IdentityToken, ownProgram, printCredential } from './exec-credential.ts';

export interface ConnectOptions {
  /** As `zeroplane kubeconfig --aws --cluster` named it. */
  readonly cluster: string;
  readonly idleMs: number;
}

/** Served until `ended`, with which this process ends. */
export async function connect({
  cluster,
  idleMs,
}: ConnectOptions): Promise<{ readonly server: string; readonly url: string; readonly ended: Promise<never> }> {
  const connection = readConnection(connectionFile(cluster));
  const authorization = whileGood(async () => (await import('./aws.ts')).identityToken(connection));
  const { ended, close } = await serveConnection({ connection, authorization, idleMs, log: createLog('warn') });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, close);
  return {
    ...{ server: connection.server, url: `https://127.0.0.1:${connection.port}` },
    // Connections that clients keep open, and timers, would keep it for long.
    ended: ended.then(() => process.exit(0)),
  };
}

/** kubectl comes again when it has run out: so a program that runs for long finds it served, too. */
const goodMs = 5 * 60_000;

export async function printConnectToken(cluster: string): Promise<void> {
  const connection = readConnection(connectionFile(cluster));
  const { command, args } = ownProgram();
  await ensureServed(connection, { command, args: [...args, 'connect', cluster] });
  printCredential({ token: connection.secret, expires: new Date(Date.now() + goodMs) });
}

/** One token for all requests, and another one when it runs out. */
function whileGood(make: () => Promise<IdentityToken>): () => Promise<string> {
  let current: Promise<IdentityToken> | undefined;
  let goodUntil = 0;
  return async () => {
    if (!current || Date.now() >= goodUntil) {
      goodUntil = Number.POSITIVE_INFINITY;
      current = make();
      current.then(
        ({ expires }) => {
          goodUntil = expires.getTime();
        },
        () => {
          current = undefined;
        },
      );
    }
    return `Bearer ${(await current).token}`;
  };
}
