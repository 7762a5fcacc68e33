// The node:http2 edge: one TLS port for HTTP/2 and HTTP/1.1, client certificates asked for but not demanded, upgrades handed on.

import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import http2, { type Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ApiRequest, ApiResponse, UpgradeConnection } from './http.ts';
import { ServedRequest } from './served-request.ts';

/** What serve needs of an API server. */
export interface Handler {
  /** Never rejects: a failure is a response too. */
  handle(request: ApiRequest): Promise<ApiResponse>;
  /** Owns the connection, unless it resolves with a response, which is then written to it. */
  upgrade(request: ApiRequest, connection: UpgradeConnection): Promise<ApiResponse | undefined>;
}

export interface ServeOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host: string;
  /** PEM. */
  readonly tls: {
    readonly key: string | Buffer;
    readonly cert: string | Buffer;
    readonly clientCA?: string | Buffer | undefined;
  };
}

export interface Serving {
  readonly port: number;
  readonly url: string;
  /** Stops listening, lets running requests end for `graceMs` (default 2000), then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when it cannot listen. */
export async function serve(api: Handler, { port, host, tls }: ServeOptions): Promise<Serving> {
  const server = http2.createSecureServer({
    allowHTTP1: true,
    key: tls.key,
    cert: tls.cert,
    ...(tls.clientCA !== undefined && { ca: tls.clientCA, requestCert: true }),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    settings: { maxConcurrentStreams: 1000, initialWindowSize: 1 << 20 },
  });

  const sockets = new Set<Duplex>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.once('close', () => sockets.delete(socket));
  });
  // HTTP/1.1 requests arrive as 'request'. Listening to it also wraps every HTTP/2 stream in the compatibility API, at a third of
  // the throughput, so that listener goes and streams are handled as they are.
  server.on('request', (request: IncomingMessage | Http2ServerRequest, response: unknown) => {
    // Only HTTP/1.1 comes this way (see above), so these are its classes.
    respondHttp1(api, request as IncomingMessage, response as ServerResponse);
  });
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers, _flags, rawHeaders?: readonly string[]) => {
    respondHttp2(api, stream, headers, rawHeaders);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    void upgrade(api, request, socket, head);
  });
  server.on('sessionError', ignore);
  server.on('tlsClientError', ignore);
  server.on('clientError', (_error, socket: Duplex) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });

  server.listen(port, host);
  await once(server, 'listening');
  // A TCP server's address is never a string (that is a pipe's) and is there while it listens.
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `https://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close(graceMs = 2000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.close();
      const timer = setTimeout(() => {
        for (const session of sessions) session.destroy();
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

/**
 * Not a closure: node's streams are held from outside the heap, so that only a full collection frees them, with all that a listener of
 * theirs still refers to. What a request made would grow old with its stream, and cost many times what it costs young.
 */
function ignore(): void {}

function respondHttp2(
  api: Handler,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[] | undefined,
): void {
  // A reset by the client arrives as an error; the closing of the stream is what counts.
  stream.on('error', ignore);
  const method = headers[':method'] ?? 'GET';
  const target = headers[':path'] ?? '/';
  const { socket } = stream.session ?? {};
  const request = new ServedRequest({ method, target, headers, rawHeaders, socket, life: stream, source: stream });
  void api.handle(request).then((response) => {
    if (stream.destroyed || stream.closed) return void release(response);
    const { body } = response;
    const out: http2.OutgoingHttpHeaders = { ':status': response.status, ...response.headers };
    const headOnly = method === 'HEAD' || body === undefined;
    stream.respond(out, { endStream: headOnly });
    if (headOnly) return void release(response);
    if (body instanceof Uint8Array) stream.end(body);
    else void pump(body, stream);
  });
}

function respondHttp1(api: Handler, message: IncomingMessage, out: ServerResponse): void {
  out.on('error', ignore);
  const method = message.method ?? 'GET';
  const { headers, rawHeaders, socket, url: target = '/' } = message;
  const request = new ServedRequest({ method, target, headers, rawHeaders, socket, life: out, source: message });
  void api.handle(request).then((response) => {
    if (out.destroyed) return void release(response);
    const { body } = response;
    if (body instanceof Uint8Array) out.setHeader('content-length', body.length);
    out.writeHead(response.status, response.headers);
    if (method === 'HEAD' || body === undefined) {
      out.end();
      return void release(response);
    }
    if (body instanceof Uint8Array) out.end(body);
    else {
      out.flushHeaders();
      void pump(body, out);
    }
  });
}

async function upgrade(api: Handler, message: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', ignore);
  const { method = 'GET', headers, rawHeaders, url: target = '/' } = message;
  const given = { method, target, headers, rawHeaders, socket: message.socket, life: socket, source: socket };
  const request = new ServedRequest(given);
  const response = await api.upgrade(request, { socket, head });
  if (!response || socket.destroyed) return;
  const body = response.body instanceof Uint8Array ? response.body : new Uint8Array();
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`];
  for (const [name, value] of Object.entries(response.headers))
    for (const each of Array.isArray(value) ? value : [value]) lines.push(`${name}: ${each}`);
  lines.push(`content-length: ${body.length}`, 'connection: close', '', '');
  socket.write(lines.join('\r\n'));
  socket.end(body);
}

/**
 * Writes an iterable as fast as the client takes it; ends it when the client leaves. A part that is on its way for sure is given back: who
 * makes large parts fills it again (see list-body.ts).
 */
async function pump(body: AsyncIterable<Uint8Array>, out: Duplex | ServerResponse): Promise<void> {
  const iterator = body[Symbol.asyncIterator]();
  const stop = () => void iterator.return?.();
  out.once('close', stop);
  try {
    for (let written: Uint8Array | undefined; ; ) {
      const { done, value } = await iterator.next(written);
      if (done || out.destroyed) break;
      written = undefined;
      if (out.write(value)) continue;
      await drained(out);
      written = value;
    }
    out.end();
  } catch {
    out.destroy();
  } finally {
    out.off('close', stop);
    if (out.destroyed) stop();
  }
}

function drained(out: Duplex | ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      out.off('drain', go);
      out.off('close', go);
      resolve();
    };
    out.once('drain', go);
    out.once('close', go);
    if (out.destroyed) go();
  });
}

async function release(response: ApiResponse): Promise<void> {
  const { body } = response;
  if (body && !(body instanceof Uint8Array)) await body[Symbol.asyncIterator]().return?.();
}
