// The node:http2 edge: one TLS port for HTTP/2 and HTTP/1.1, client certificates asked for but not demanded, upgrades handed on.

import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import http2, { type Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { StatusError } from '../../core/machinery/status.ts';
import { type ConnectionLimits, defaultConnectionLimits, limitConnections } from './connections.ts';
import { mayStillSend } from './content/hold-end.ts';
import { plainJson } from './content/negotiate.ts';
import { respondError } from './content/respond.ts';
import type { ApiRequest, ApiResponse, UpgradeConnection } from './http.ts';
import {
  defaultRequestLimits,
  type Life,
  type OpenRequests,
  openRequests,
  type RequestLimits,
} from './open-requests.ts';
import { type Served, ServedRequest } from './served-request.ts';

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
  readonly limits?: Partial<ConnectionLimits & RequestLimits>;
  /** Told of what went wrong while a request was answered, beside the client. */
  readonly onError?: (error: unknown) => void;
}

/** A client that takes less than this in a minute is cut (see open-requests.ts). */
const partBytes = 256 * 1024;
export type ServerTls = ServeOptions['tls'];

export interface Serving {
  readonly port: number;
  readonly url: string;
  /** New connections get this certificate; those that are open go on. */
  useCertificate(tls: Pick<ServerTls, 'key' | 'cert' | 'clientCA'>): void;
  /** Stops listening, lets running requests end for `graceMs` (default 2000), then cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when it cannot listen. */
export async function serve(api: Handler, options: ServeOptions): Promise<Serving> {
  const { port, host, tls, limits = {}, onError = ignore } = options;
  const connectionLimits = { ...defaultConnectionLimits, ...limits };
  const server = http2.createSecureServer({
    allowHTTP1: true,
    key: tls.key,
    cert: tls.cert,
    ...(tls.clientCA !== undefined && { ca: tls.clientCA, requestCert: true }),
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: connectionLimits.handshakeMs,
    // As Kubernetes. What a stream may send unasked is held by us until its body is read, so both bound what a connection costs.
    settings: { maxConcurrentStreams: 100, initialWindowSize: 256 * 1024 },
  });
  const open = openRequests({ ...defaultRequestLimits, ...limits }, (life, request) => {
    const error = new StatusError(
      'Timeout',
      'Timeout: request did not complete within the allotted timeout: try again, and ask for less at once',
      {},
    );
    answer(life, request, respondError(error, plainJson), onError);
    request.abort(error);
  });
  const connections = limitConnections(server, connectionLimits, open.sessions);

  // HTTP/1.1 requests arrive as 'request'. Listening to it also wraps every HTTP/2 stream in the compatibility API, at a third of
  // the throughput, so that listener goes and streams are handled as they are.
  server.on('request', (request: IncomingMessage | Http2ServerRequest, response: unknown) => {
    // Only HTTP/1.1 comes this way (see above), so these are its classes.
    takeHttp1(api, open, onError, request as IncomingMessage, response as ServerResponse);
  });
  server.removeAllListeners('stream');
  server.on('stream', (stream, headers, _flags, rawHeaders?: readonly string[]) => {
    takeHttp2(api, open, onError, stream, headers, rawHeaders);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrade(api, request, socket, head).catch((error) => {
      socket.destroy();
      onError(error);
    });
  });
  server.on('sessionError', ignore);
  server.on('tlsClientError', ignore);

  server.listen(port, host);
  await once(server, 'listening');
  // A TCP server's address is never a string (that is a pipe's) and is there while it listens.
  const bound = (server.address() as AddressInfo).port;
  return {
    port: bound,
    url: `https://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    useCertificate: ({ key, cert, clientCA }) =>
      server.setSecureContext({ key, cert, ...(clientCA !== undefined && { ca: clientCA }), minVersion: 'TLSv1.2' }),
    async close(graceMs = 2000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      connections.close();
      const timer = setTimeout(connections.destroy, graceMs);
      await closed;
      clearTimeout(timer);
      open.close();
    },
  };
}

/**
 * Not a closure: node's streams are held from outside the heap, so that only a full collection frees them, with all that a listener of
 * theirs still refers to. What a request made would grow old with its stream, and cost many times what it costs young.
 */
function ignore(): void {}

function takeHttp2(
  api: Handler,
  open: OpenRequests,
  onError: OnError,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  rawHeaders: readonly string[] | undefined,
): void {
  // A reset by the client arrives as an error; the closing of the stream is what counts.
  stream.on('error', ignore);
  const method = headers[':method'] ?? 'GET';
  const target = headers[':path'] ?? '/';
  const { socket } = stream.session ?? {};
  // Who sent its end with its headers has no body to be read.
  const source = stream.endAfterHeaders ? undefined : stream;
  const request = new ServedRequest({ method, target, headers, rawHeaders, socket, life: stream, source });
  open.add(stream, request);
  afterTurn(() => {
    // Who broke it off in the same breath asks for nothing.
    if (!stream.closed && !stream.destroyed) respond(api, stream, request, onError);
  });
}

/** What came in this turn and is not begun yet. */
let due: (() => void)[] = [];

/**
 * Node hands a request on before it looks at what came behind its headers in the same packets: its body mostly, and others. Begun once
 * all of it was looked at, a request has its small body at hand and waits for nothing (content/hold-end.ts), and the answers of those that
 * came together go out together.
 */
function afterTurn(begin: () => void): void {
  if (due.push(begin) === 1) setImmediate(beginAll);
}

function beginAll(): void {
  const all = due;
  due = [];
  for (const begin of all) begin();
}

/** `seen`: who sent it, where the connection is not the client's own (serve-behind.ts). */
export function takeHttp1(
  api: Handler,
  open: OpenRequests,
  onError: OnError,
  message: IncomingMessage,
  out: ServerResponse,
  seen?: Served['seen'],
): void {
  out.on('error', ignore);
  const method = message.method ?? 'GET';
  const { headers, rawHeaders, socket, url: target = '/' } = message;
  const request = new ServedRequest({ method, target, headers, rawHeaders, socket, life: out, source: message, seen });
  open.add(out, request);
  respond(api, out, request, onError);
}

type OnError = NonNullable<ServeOptions['onError']>;

/** The one place where a request's promise ends: whatever fails on its way, or while it is answered, is a 500 of this request alone. */
function respond(api: Handler, life: Life, request: ServedRequest, onError: OnError): void {
  api.handle(request).then(
    (response) => answer(life, request, response, onError),
    (error) => {
      onError(error);
      answer(life, request, brokenAnswer(), onError);
    },
  );
}

function brokenAnswer(): ApiResponse {
  const error = new StatusError('InternalError', 'an error on the server has prevented the request from succeeding');
  return respondError(error, plainJson);
}

/** Once: what comes after a deadline has answered is for nobody. Never throws: node refuses what HTTP does not know. */
function answer(life: Life, request: ServedRequest, response: ApiResponse, onError: OnError): void {
  if (request.answered || life.destroyed || life.closed) return void release(response);
  request.answered = true;
  try {
    send(life, request, response);
  } catch (error) {
    onError(error);
    release(response);
    if (life.headersSent) return void life.destroy();
    send(life, request, brokenAnswer());
  }
}

function send(life: Life, request: ServedRequest, response: ApiResponse): void {
  demandFinal(response.status);
  if ('respond' in life) answerHttp2(life, request, response);
  else answerHttp1(life, request, response);
}

/** RFC 9110, section 15: what is below ends no exchange, and what is above is nothing. */
function demandFinal(status: number): void {
  if (!(status >= 200 && status <= 599)) throw new RangeError(`status ${status} is no answer to a request`);
}

function answerHttp2(stream: ServerHttp2Stream, request: ServedRequest, response: ApiResponse): void {
  const { body } = response;
  // HTTP/2 has a frame for it.
  if (response.headers['connection'] === 'close') stream.session?.close();
  const headOnly = request.method === 'HEAD' || body === undefined;
  stream.respond(fieldsOf(response), headOnly ? headersOnly : undefined);
  if (headOnly) release(response);
  else if (body instanceof Uint8Array && body.length <= partBytes) stream.end(body);
  else return void pump(body instanceof Uint8Array ? [body] : body, stream).then(() => leaveBody(stream, request));
  leaveBody(stream, request);
}

const headersOnly = { endStream: true };

/** Name, value, name, value, ...: node takes objects of headers apart and puts them together again. */
function fieldsOf({ status, headers }: ApiResponse): string[] {
  const fields = [':status', String(status)];
  for (const name in headers) {
    const value = headers[name];
    if (name === 'connection' || value === undefined) continue;
    if (typeof value === 'string') fields.push(name, value);
    else for (const each of value) fields.push(name, each);
  }
  return fields;
}

/** RFC 9113, section 8.1: who has answered tells that it needs no more of the body. It would stay open for it else. */
function leaveBody(stream: ServerHttp2Stream, request: ServedRequest): void {
  if (request.body !== undefined && mayStillSend(stream)) stream.close(http2.constants.NGHTTP2_NO_ERROR);
}

function answerHttp1(out: ServerResponse, request: ServedRequest, response: ApiResponse): void {
  const { body, headers } = response;
  if (body instanceof Uint8Array) out.setHeader('content-length', body.length);
  delete headers['connection'];
  out.writeHead(response.status, headers);
  if (request.method === 'HEAD' || body === undefined) {
    out.end();
    return void release(response);
  }
  if (body instanceof Uint8Array && body.length <= partBytes) out.end(body);
  else {
    out.flushHeaders();
    void pump(body instanceof Uint8Array ? [body] : body, out);
  }
}

export async function upgrade(
  api: Handler,
  message: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  seen?: Served['seen'],
): Promise<void> {
  socket.on('error', ignore);
  const { method = 'GET', headers, rawHeaders, url: target = '/' } = message;
  const given = { method, target, headers, rawHeaders, socket: message.socket, life: socket, source: socket, seen };
  const request = new ServedRequest(given);
  const response = await api.upgrade(request, { socket, head });
  if (!response || socket.destroyed) return;
  demandFinal(response.status);
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
async function pump(
  body: AsyncIterable<Uint8Array, unknown, Uint8Array | undefined> | readonly Uint8Array[],
  out: Duplex | ServerResponse,
): Promise<void> {
  const iterator = Symbol.asyncIterator in body ? body[Symbol.asyncIterator]() : oneByOne(body);
  const stop = () => void iterator.return?.().then(ignore, ignore);
  out.once('close', stop);
  try {
    for (let written: Uint8Array | undefined; ; ) {
      const { done, value } = await iterator.next(written);
      if (done || out.destroyed) break;
      written = undefined;
      for (let at = 0; at < value.length; at += partBytes) {
        const part = value.length <= partBytes ? value : value.subarray(at, at + partBytes);
        if (out.write(part)) continue;
        await drained(out);
        if (out.destroyed) break;
        if (at + partBytes >= value.length) written = value;
      }
    }
    out.end();
  } catch {
    out.destroy();
  } finally {
    out.off('close', stop);
    if (out.destroyed) stop();
  }
}

async function* oneByOne(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, Uint8Array | undefined> {
  yield* parts;
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

/** Lets go of a body that nobody will read. */
function release({ body }: ApiResponse): void {
  if (body && !(body instanceof Uint8Array)) body[Symbol.asyncIterator]().return?.().then(ignore, ignore);
}
