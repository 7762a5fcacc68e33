// The edge of an API server that stands behind another one on the same machine: plain HTTP/1.1 on a socket that only that one can open,
// which ends TLS and says whom it saw in two headers.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { StatusError } from '../../core/machinery/status.ts';
import { peerOf } from './authentication/client-certificate.ts';
import { plainJson } from './content/negotiate.ts';
import { respondError } from './content/respond.ts';
import type { PeerCertificate } from './http.ts';
import { defaultRequestLimits, openRequests } from './open-requests.ts';
import { type Handler, type ServeOptions, takeHttp1, upgrade } from './serve.ts';

/** Base64 of the client's certificate (DER), whoever signed it; and the client's address. Nobody but the front sets them. */
export const certificateHeader = 'x-zeroplane-client-certificate';
export const addressHeader = 'x-zeroplane-client-address';

export interface ServeBehindOptions {
  /** Of a Unix socket, in a folder that only its owner reads. */
  readonly path: string;
  /** PEM of the authority of clients, of now. */
  readonly clientCA: () => string;
  readonly onError?: (error: unknown) => void;
}

export interface ServingBehind {
  /** Lets running requests end for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

export async function serveBehind(api: Handler, options: ServeBehindOptions): Promise<ServingBehind> {
  const onError: NonNullable<ServeOptions['onError']> = options.onError ?? (() => {});
  const peers = readPeers(options.clientCA);
  const open = openRequests(defaultRequestLimits, (life, request) => {
    const error = new StatusError('Timeout', 'Timeout: request did not complete within the allotted timeout', {});
    request.abort(error);
    if ('respond' in life || life.headersSent) return void life.destroy();
    const { status, headers, body } = respondError(error, plainJson);
    request.answered = true;
    life.writeHead(status, headers).end(body);
  });
  const seen = (message: IncomingMessage) => {
    const certificate = take(message, certificateHeader);
    return {
      peer: certificate === undefined ? undefined : peers(certificate),
      remoteAddress: take(message, addressHeader),
    };
  };
  // The front keeps its connections for longer than it lets them idle.
  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, maxHeaderSize: 64 * 1024 });
  server.on('request', (message: IncomingMessage, out: ServerResponse) =>
    takeHttp1(api, open, onError, message, out, seen(message)),
  );
  server.on('upgrade', (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(api, message, socket, head, seen(message)).catch((error) => {
      socket.destroy();
      onError(error);
    });
  });
  server.listen(options.path);
  await once(server, 'listening');
  return {
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
      open.close();
    },
  };
}

/** Taken out: nothing behind the edge is to see them. */
function take({ headers }: IncomingMessage, name: typeof certificateHeader | typeof addressHeader): string | undefined {
  const value = headers[name];
  delete headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** Certificates that are remembered: reading and checking one costs more than a request. */
const remembered = 500;

/**
 * Whom certificates stand for, by their header's text. What TLS does for a front with one authority is done here: the authority itself
 * signed it, which is how all of a cluster's client certificates are made, and both are within their time.
 */
export function readPeers(clientCA: () => string): (header: string) => PeerCertificate {
  let authority: { pem: string; certificate: X509Certificate } | undefined;
  const known = new Map<string, PeerCertificate>();
  return (header) => {
    const pem = clientCA();
    if (authority?.pem !== pem) {
      authority = { pem, certificate: new X509Certificate(pem) };
      known.clear();
    }
    const found = known.get(header);
    if (found) return found;
    const peer = peerSignedBy(authority.certificate, Buffer.from(header, 'base64'));
    if (known.size >= remembered) known.clear();
    known.set(header, peer);
    return peer;
  };
}

function peerSignedBy(authority: X509Certificate, der: Uint8Array): PeerCertificate {
  const nobody = peerOf(der, false);
  try {
    const certificate = new X509Certificate(der);
    if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) return nobody;
    const peer = peerOf(der, true);
    return { ...peer, notAfter: Math.min(peer.notAfter, authority.validToDate.getTime()) };
  } catch {
    return nobody;
  }
}
