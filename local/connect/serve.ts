// `zeroplane connect`: an edge of one user's, on the loopback address. It speaks for its user at the cluster, so it lets through who shows
// the connection's secret and nobody else: other users of the machine reach its port too.

import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { StatusError } from '../../core/machinery/status.ts';
import type { EventLog } from '../../core/process/log.ts';
import { refuse } from '../../edge/answers.ts';
import { createEdge, type Edge } from '../../edge/edge.ts';
import { type ListenOptions, listen } from '../../edge/listen.ts';
import { UserError } from '../user-error.ts';
import { type Connection, loopback } from './connection.ts';

export interface ServeOptions {
  readonly connection: Connection;
  /** The value of `Authorization` for the cluster, good now. */
  readonly authorization: () => Promise<string>;
  /** It ends when nobody used it for so long, in milliseconds. */
  readonly idleMs: number;
  readonly log: EventLog;
}

/** Resolves when it serves. `ended` resolves when nobody used it for long enough, or `close` was called. */
export async function serveConnection(options: ServeOptions): Promise<{ ended: Promise<void>; close(): void }> {
  const { connection, authorization, idleMs, log } = options;
  const edge = createEdge({ server: connection.server, authorization });
  const ending = new AbortController();
  const used = whileUsed(idleMs, () => ending.abort());
  const handle: Edge['handle'] = (request, response) => {
    if (!shows(request.headers.authorization, connection.secret)) {
      refuse(response, stranger());
      return;
    }
    response.once('close', used());
    edge.handle(request, response);
  };
  const upgrade: ListenOptions['upgrade'] = (request, socket, head) => {
    const streams = import('./streams.ts');
    if (!shows(request.headers.authorization, connection.secret)) {
      void streams.then(({ refuseUpgrade }) => refuseUpgrade(socket, stranger()));
      return;
    }
    socket.once('close', used());
    void streams.then(({ upgradeStream }) => upgradeStream(edge.upstream, request, socket, head));
  };
  const { port, key, certificate: cert } = connection;
  const certificate = () => ({ key, cert });
  const listening = await listen({ address: loopback, port, certificate, handle, upgrade, log }).catch(
    (error: unknown) => {
      edge.close();
      throw isTaken(error)
        ? new UserError(
            `port ${port} is taken by another program: \`zeroplane kubeconfig --aws --port\` takes another one`,
          )
        : error;
    },
  );
  const ended = once(ending.signal, 'abort').then(() => {
    edge.close();
    listening.close();
  });
  return { ended, close: () => ending.abort() };
}

function stranger(): StatusError {
  return new StatusError('Unauthorized', 'this port is for its user: show the secret of its kubeconfig');
}

/** Compared in a time that says nothing of either. */
function shows(authorization: string | undefined, secret: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization ?? ''), hash(`Bearer ${secret}`));
}

/** Counts uses. Each is over when what it gives is called; `idle` runs when there was none for so long. */
function whileUsed(idleMs: number, idle: () => void): () => () => void {
  let open = 0;
  let timer = setTimeout(idle, idleMs);
  return () => {
    open += 1;
    clearTimeout(timer);
    return () => {
      open -= 1;
      if (open === 0) timer = setTimeout(idle, idleMs);
    };
  };
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}
