// Who may hold how many connections of a server, and for how long one may do nothing.

import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { addressKey } from '../../core/process/address-key.ts';
import { createShares } from '../../core/process/shares.ts';
import { requestsOn } from './served-request.ts';

export interface ConnectionLimits {
  /** Of all clients together. One address may have as many as it leaves free. */
  readonly connections: number;
  /** Of those, how many may be without a finished TLS handshake. */
  readonly handshakes: number;
  readonly handshakeMs: number;
  /** A connection without a request on it is closed after this long. */
  readonly idleMs: number;
  /** From the first byte to the last header of an HTTP/1.1 request. */
  readonly headersMs: number;
}

/** Times as in Kubernetes (IdleTimeout, ReadHeaderTimeout); Go gives the handshake the time of the headers. Kubernetes counts no connections. */
export const defaultConnectionLimits: ConnectionLimits = {
  connections: 8192,
  handshakes: 512,
  handshakeMs: 10_000,
  idleMs: 90_000,
  headersMs: 32_000,
};

/** As Kubernetes: so often a connection that says nothing is asked whether its other end still lives. */
const keepAliveMs = 180_000;

export interface Connections {
  /** Lets go of all that are left. */
  destroy(): void;
  /** No new requests on any of them. */
  close(): void;
}

/** What the last look found. */
interface Seen {
  requests: number;
  idleLooks: number;
}

/** `used`: the sessions with a request that is not answered to its end. */
export function limitConnections(
  server: Http2SecureServer,
  limits: ConnectionLimits,
  used: () => ReadonlySet<ServerHttp2Session>,
): Connections {
  const sockets = new Set<Socket>();
  const sessions = new Map<ServerHttp2Session, Seen>();
  const shaking = new Map<string, Set<Socket>>();
  let shakes = 0;
  const shares = createShares(limits.connections);

  const endHandshake = (socket: Socket, address: string) => {
    const own = shaking.get(address);
    if (!own?.delete(socket)) return;
    shakes -= 1;
    if (own.size === 0) shaking.delete(address);
  };
  /** Whoever has most of them waits longest for its first. */
  const dropHandshake = () => {
    let most: Set<Socket> | undefined;
    for (const each of shaking.values()) if (!most || each.size > most.size) most = each;
    const [oldest] = most ?? [];
    oldest?.destroy();
  };

  server.on('connection', (socket: Socket) => {
    const address = addressKey(socket.remoteAddress);
    if (!shares.take(address, 1)) return void socket.destroy();
    if (shakes >= limits.handshakes) dropHandshake();
    const own = shaking.get(address) ?? new Set();
    shaking.set(address, own.add(socket));
    shakes += 1;
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    socket.once('close', () => {
      sockets.delete(socket);
      shares.release(address, 1);
      endHandshake(socket, address);
    });
  });
  const secured = new WeakSet<Duplex>();
  server.on('secureConnection', (tls: TLSSocket) => {
    secured.add(tls);
    for (const socket of shaking.get(addressKey(tls.remoteAddress)) ?? [])
      if (socket.remotePort === tls.remotePort) return endHandshake(socket, addressKey(tls.remoteAddress));
  });
  server.on('clientError', (_error, socket: Duplex) => {
    // What is written before a handshake has ended waits for it, and an HTTP/2 session that then begins to write ends the process: node
    // holds one write at a time there, and asserts it.
    if (secured.has(socket) && socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    else socket.destroy();
  });
  server.on('session', (session) => {
    sessions.set(session, { requests: 0, idleLooks: 0 });
    session.once('close', () => sessions.delete(session));
  });
  // One look at all of them: a time-out of a session's own starts anew with each of its frames, for a twelfth of what a get takes.
  const lookMs = Math.min(5_000, limits.idleMs / 4);
  const look = () => {
    const busy = used();
    for (const [session, seen] of sessions) {
      const requests = session.destroyed ? 0 : requestsOn(session.socket);
      if (requests !== seen.requests || busy.has(session)) Object.assign(seen, { requests, idleLooks: 0 });
      else if (++seen.idleLooks * lookMs >= limits.idleMs) session.close();
    }
  };
  const timer = setInterval(look, lookMs).unref();
  // Node keeps them for HTTP/1.1 on a server of both, and types them for that one only.
  Object.assign(server, {
    headersTimeout: limits.headersMs,
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(5_000, limits.headersMs),
  });

  return {
    close() {
      clearInterval(timer);
      for (const session of sessions.keys()) session.close();
    },
    destroy() {
      for (const session of sessions.keys()) session.destroy();
      for (const socket of sockets) socket.destroy();
    },
  };
}
