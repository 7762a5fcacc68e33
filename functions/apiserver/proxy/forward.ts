// A request passed on to another HTTP server, and its answer streamed back: for pods, Services, nodes and extension API servers.

import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import https from 'node:https';
import { type Duplex, Readable } from 'node:stream';
import { setOwn } from '../../../core/machinery/own.ts';
import { badGateway, StatusError } from '../../../core/machinery/status.ts';
import { connectionHeaders } from '../../../core/node/connection-headers.ts';
import { http } from '../../../core/process/http.ts';
import { offeredProtocols } from '../authentication/bearer-token.ts';
import type { ApiResponse, RoutedRequest, UpgradeConnection } from '../http.ts';

export interface Upstream {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** With its leading slash and its query. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  /** How the connection is made, and whether it is kept. */
  readonly connection: Pick<RequestOptions, 'agent' | 'createConnection'>;
}

/** Of one connection only, and what is meant for the API server alone. */
const notPassedOn: ReadonlySet<string> = new Set([...connectionHeaders, 'authorization']);

/** The request's headers without those of its connection, its credentials, and claims about who sends it. `path`: where it came to. */
export function passedHeaders(request: RoutedRequest, path: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':') || notPassedOn.has(name)) continue;
    if (name.startsWith('impersonate-') || name.startsWith('x-remote-')) continue;
    setOwn(headers, name, value);
  }
  // Without the token that a browser's WebSocket brings there.
  if (headers['sec-websocket-protocol'] !== undefined)
    headers['sec-websocket-protocol'] = offeredProtocols(request).join(', ');
  headers['x-forwarded-uri'] = path;
  headers['x-forwarded-proto'] = 'https';
  return headers;
}

export interface Forwarded {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  /** Leaving it early closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Throws ServiceUnavailable when the server does not answer, and a bad gateway's 502 when its answer cannot be passed on. */
export async function forward(request: RoutedRequest, upstream: Upstream): Promise<Forwarded> {
  const answer = await send(request, upstream);
  try {
    return { ...headOf(answer), body: bodyOf(answer) };
  } catch (error) {
    answer.destroy();
    throw error;
  }
}

const closedEarly = 'the connection was closed before an answer came';

function send(request: RoutedRequest, upstream: Upstream): Promise<IncomingMessage> {
  const { body, signal } = request;
  return new Promise((resolve, reject) => {
    const out = open(upstream, upstream.headers, signal);
    out.once('response', resolve);
    out.once('upgrade', (_answer, socket: Duplex) => {
      socket.on('error', ignore).destroy();
      reject(badGateway('error trying to reach service: it switched protocols, which nobody asked it to'));
    });
    let again = false;
    // Whatever else ends it without an answer or an error.
    out.once('close', () => again || reject(unreachable(new Error(closedEarly))));
    out.once('error', (error) => {
      // A kept connection may be closed by the other side just when it is used again: what has no body is sent once more.
      again = out.reusedSocket && body === undefined && isReset(error);
      if (again) send(request, upstream).then(resolve, reject);
      else reject(unreachable(error));
    });
    if (body === undefined) out.end();
    else if (body instanceof Uint8Array) out.end(body);
    else
      Readable.from(body)
        .on('error', (error) => out.destroy(error))
        .pipe(out);
  });
}

function open(
  { method, scheme, path, connection }: Upstream,
  headers: OutgoingHttpHeaders,
  signal: AbortSignal | undefined,
): ClientRequest {
  const make = scheme === 'https' ? https.request : http.request;
  return make({ method, path, headers, ...connection, ...(signal && { signal }) });
}

/**
 * An upgrade request passed on: when the server switches protocols both connections are joined and nothing is returned; else its answer
 * is. Throws ServiceUnavailable as `forward`.
 */
export async function forwardUpgrade(
  request: RoutedRequest,
  upstream: Upstream,
  { socket, head }: UpgradeConnection,
): Promise<ApiResponse | undefined> {
  const headers = { ...upstream.headers, connection: 'Upgrade', upgrade: request.headers['upgrade'] };
  return new Promise((resolve, reject) => {
    const out = open(upstream, headers, undefined);
    let answered = false;
    const leave = () => out.destroy();
    socket.once('close', leave);
    out.once('upgrade', (answer, other: Duplex, rest) => {
      socket.off('close', leave);
      const lines = ['HTTP/1.1 101 Switching Protocols'];
      for (let i = 0; i + 1 < answer.rawHeaders.length; i += 2) {
        const [name = '', value = ''] = answer.rawHeaders.slice(i, i + 2);
        if (isHeader(name, value)) lines.push(`${name}: ${value}`);
      }
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
      if (rest.length > 0) socket.write(rest);
      if (head.length > 0) other.write(head);
      join(socket, other);
      resolve(undefined);
    });
    out.once('response', (answer) => {
      answered = true;
      socket.off('close', leave);
      collect(answer)
        .then((body) => resolve({ ...headOf(answer), body }))
        .catch((error: Error) => reject(unreachable(error)));
    });
    out.once('close', () => answered || reject(unreachable(new Error(closedEarly))));
    out.once('error', (error) => reject(unreachable(error)));
    out.end();
  });
}

function join(a: Duplex, b: Duplex): void {
  const end = () => {
    a.destroy();
    b.destroy();
  };
  for (const each of [a, b]) each.on('error', end).on('close', end);
  a.pipe(b);
  b.pipe(a);
}

/** What refuses an upgrade is short; more than this is cut. */
const maxRefusal = 64 * 1024;

async function collect(answer: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer) {
    // as: without an encoding, a message yields buffers.
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size > maxRefusal) break;
  }
  return Buffer.concat(chunks);
}

/** Status and headers as they can be sent on by HTTP/2 as by HTTP/1.1: either throws at what it does not take. */
function headOf(answer: IncomingMessage): Pick<ApiResponse, 'status' | 'headers'> {
  const { statusCode: status = 0 } = answer;
  // 1xx never ends an exchange, and HTTP/2 knows nothing above 599.
  if (status < 200 || status > 599)
    throw badGateway(`error trying to reach service: it answered with status ${status}, which is none of HTTP's`);
  const headers: ApiResponse['headers'] = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value === undefined || notPassedOn.has(name)) continue;
    const values = Array.isArray(value) ? value : [value];
    if (!values.every((each) => isHeader(name, each)))
      throw badGateway(`error trying to reach service: its header ${JSON.stringify(name)} is not valid`);
    setOwn(headers, name, value);
  }
  return { status, headers };
}

const { validateHeaderName, validateHeaderValue } = http;

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

function bodyOf(answer: IncomingMessage): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => {
      // as: without an encoding, a message yields buffers.
      const chunks = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
      return {
        next: () => chunks.next(),
        return: () => {
          answer.destroy();
          return Promise.resolve({ done: true, value: undefined });
        },
      };
    },
  };
}

function isReset(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function ignore(): void {}

function unreachable(error: Error): StatusError {
  if (error instanceof StatusError) return error;
  return new StatusError('ServiceUnavailable', `error trying to reach service: ${error.message}`);
}
