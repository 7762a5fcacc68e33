// The port of an edge: TLS with a certificate that may be replaced while it runs, HTTP/2 and HTTP/1.1.

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import http2 from 'node:http2';
import type { Duplex } from 'node:stream';
import type { EventLog } from '../core/process/log.ts';
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
}

export interface Listening {
  readonly port: number;
  close(): void;
}

/** How often it is looked whether there is another certificate. */
const lookMs = 3600_000;

/** Rejects when the port cannot be had. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const { address, port, certificate, handle, upgrade, log } = options;
  let used = certificate();
  const sessions = new Set<http2.ServerHttp2Session>();
  const server = http2.createSecureServer({ ...used, allowHTTP1: true }, handle);
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
