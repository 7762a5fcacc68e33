// The port of an edge: TLS with a certificate that may be replaced while it runs, HTTP/2 and HTTP/1.1.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StatusError } from '../core/machinery/status.ts';
import type { EventLog } from '../core/process/log.ts';
import { createShares } from '../core/process/shares.ts';
import { refuse } from './answers.ts';
import type { Edge } from './edge.ts';

/** Both PEM. */
export interface EdgeCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface ListenOptions {
  readonly address: string;
  readonly port: number;
  readonly certificate: () => EdgeCertificate;
  readonly handle: Edge['handle'];
  /** Takes over connections that leave HTTP. Without it their requests are answered like others. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly log: EventLog;
  readonly limits?: Partial<ListenLimits>;
}

/** Of all clients together; one address may have a quarter of what the others leave free. Whoever reaches the port asks for them, pods among them. */
export interface ListenLimits {
  readonly connections: number;
  /** That are not answered to their end, watches among them. */
  readonly requests: number;
}

const defaultLimits: ListenLimits = { connections: 4000, requests: 5000 };
const handshakeMs = 10_000;
/** As at the API server. */
const headersMs = 32_000;
const idleMs = 90_000;

export interface Listening {
  readonly port: number;
  close(): void;
}

/** How often it is looked whether there is another certificate. */
const lookMs = 3600_000;

/** Rejects when the port cannot be had. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { address, port, certificate, upgrade, log } = options;
  let used = certificate();
  const sessions = new Set<http2.ServerHttp2Session>();
  const limits = { ...defaultLimits, ...options.limits };
  const [connections, requests] = [createShares(limits.connections), createShares(limits.requests)];
  const handle: Edge['handle'] = (request, response) => {
    const remoteAddress = addressOf(request);
    if (!requests.take(remoteAddress, 1)) return refuse(response, tooMany());
    response.once('close', () => requests.release(remoteAddress, 1));
    options.handle(request, response);
  };
  const server = http2.createSecureServer(
    {
      ...used,
      allowHTTP1: true,
      handshakeTimeout: handshakeMs,
      // What a stream may send unasked waits here: both bound what a connection costs.
      settings: { maxConcurrentStreams: 250, initialWindowSize: 256 * 1024 },
    },
    handle,
  );
  // Node keeps them for HTTP/1.1 on a server of both, and types them for that one only.
  Object.assign(server, { headersTimeout: headersMs, keepAliveTimeout: idleMs, connectionsCheckingInterval: 5_000 });
  server.on('connection', (socket: Socket) => {
    const { remoteAddress = '' } = socket;
    if (!connections.take(remoteAddress, 1)) return void socket.destroy();
    socket.once('close', () => connections.release(remoteAddress, 1));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  const upgraded = new Set<Duplex>();
  if (upgrade)
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      upgrade(request, socket, head);
    });
  // A client that does not trust us, or speaks no TLS, is its own affair.
  server.on('sessionError', () => undefined);
  server.on('tlsClientError', () => undefined);
  server.listen(port, address);
  await once(server, 'listening');
  server.on('error', (error) => log.warn({ error: error.message }, 'the port of the API for clients nearby failed'));
  const timer = setInterval(() => {
    const now = certificate();
    if (now.cert !== used.cert) server.setSecureContext(now);
    used = now;
  }, lookMs);
  timer.unref();
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close() {
      clearInterval(timer);
      for (const session of sessions) session.destroy();
      for (const socket of upgraded) socket.destroy();
      server.close();
    },
  };
}

function addressOf(request: Parameters<Edge['handle']>[0]): string {
  try {
    return request.socket.remoteAddress ?? '';
  } catch {
    // Of an HTTP/2 session that has just ended nothing can be asked: its request ends with it.
    return '';
  }
}

function tooMany(): StatusError {
  return new StatusError(
    'TooManyRequests',
    'Too many requests, please try again later: as many are open here as one client may have beside the others.',
    { retryAfterSeconds: 5 },
  );
}
