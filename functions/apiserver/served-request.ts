// A request as node's HTTP servers give it.

import type { X509Certificate } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { peerOf } from './authentication/client-certificate.ts';
import type { ApiRequest, PeerCertificate } from './http.ts';

/** What node tells of a request. */
export interface Served {
  readonly method: string;
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[] | undefined;
  readonly socket: Socket | undefined;
  /** Closes when the client is gone. */
  readonly life: Duplex | ServerResponse;
  /** Where the body is read from. */
  readonly source: AsyncIterable<Uint8Array> | undefined;
  /** Who is at the other end, where `socket` is not the client's own. */
  readonly seen?: Pick<ApiRequest, 'peer' | 'remoteAddress'> | undefined;
}

/** A class, since an object literal with a getter takes twenty times as long to make, and one is made for every request. */
export class ServedRequest implements ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly rawHeaders: readonly string[] | undefined;
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined;
  readonly peer: PeerCertificate | undefined;
  readonly remoteAddress: string | undefined;
  /** The client's certificate (DER), whoever signed it: for an API server behind this one. TLS has proved that the client has its key. */
  readonly certificate: Uint8Array | undefined;
  longRunning = false;
  received = false;
  /** Its answer has begun. Since when it waits for that, or for its client, and how many bytes did at the last look (open-requests.ts). */
  answered = false;
  since = 0;
  unsent = 0;
  private readonly life: Duplex | ServerResponse;
  private controller: AbortController | undefined;

  constructor({ method, target, headers, rawHeaders, socket, life, source, seen }: Served) {
    const at = target.indexOf('?');
    const connection = connectionOf(socket);
    connection.requests += 1;
    this.method = method;
    this.path = at < 0 ? target : target.slice(0, at);
    this.query = at < 0 ? '' : target.slice(at + 1);
    // Only `set-cookie` is ever an array in incoming headers, and nothing reads that one.
    this.headers = headers as Record<string, string | undefined>;
    this.rawHeaders = rawHeaders;
    this.body = method === 'GET' || method === 'HEAD' ? undefined : source;
    this.peer = seen ? seen.peer : connection.peer;
    this.remoteAddress = seen ? seen.remoteAddress : connection.remoteAddress;
    this.certificate = connection.certificate;
    this.life = life;
    this.controller = undefined;
  }

  /** What is done for it may stop. */
  abort(reason: unknown): void {
    this.controller ??= new AbortController();
    this.controller.abort(reason);
  }

  /** Made on first use: most requests never ask. */
  get signal(): AbortSignal {
    if (!this.controller) {
      const made = new AbortController();
      this.controller = made;
      if (this.life.destroyed) made.abort();
      else this.life.once('close', () => made.abort());
    }
    return this.controller.signal;
  }
}

/** What is the same for all requests of a connection. */
interface Connection {
  readonly peer: PeerCertificate | undefined;
  readonly certificate: Uint8Array | undefined;
  readonly remoteAddress: string | undefined;
  /** That came on it so far. */
  requests: number;
}

const connections = new WeakMap<Socket, Connection>();
const noConnection: Connection = { peer: undefined, certificate: undefined, remoteAddress: undefined, requests: 0 };

/** How many requests came on a connection so far. */
export function requestsOn(socket: Socket): number {
  return connections.get(socket)?.requests ?? 0;
}

/** Found out once: reading a certificate costs more than a request. */
function connectionOf(socket: Socket | undefined): Connection {
  if (!socket) return noConnection;
  let connection = connections.get(socket);
  if (!connection) {
    // as: a TLS server's sockets are TLS sockets. HTTP/2 gives a proxy of one, in which nothing is `in`.
    const { getPeerX509Certificate, authorized } = socket as Partial<TLSSocket>;
    const certificate = getPeerX509Certificate?.call(socket);
    const peer = certificate && peerOfTls(certificate, authorized === true);
    connection = { peer, certificate: certificate?.raw, remoteAddress: socket.remoteAddress, requests: 0 };
    connections.set(socket, connection);
  }
  return connection;
}

function peerOfTls(certificate: X509Certificate, authorized: boolean): PeerCertificate {
  const peer = peerOf(certificate.raw, authorized);
  return { ...peer, notAfter: Math.min(peer.notAfter, endOfIssuers(certificate)) };
}

/** Who was signed by what is past its end, is past it too. */
function endOfIssuers({ issuerCertificate }: X509Certificate, depth = 0): number {
  // A root names itself as its issuer.
  if (!issuerCertificate || depth > 8) return Number.POSITIVE_INFINITY;
  return Math.min(issuerCertificate.validToDate.getTime(), endOfIssuers(issuerCertificate, depth + 1));
}
