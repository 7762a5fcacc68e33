// API Gateway's regional REST API in small: TLS, the stage in the path, proxy events, buffered and streamed integrations, and limits.
// Source: API Gateway developer guide: "Quotas", "Lambda proxy integrations", "Response streaming", "Important notes" (headers).

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import http2, { type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { answerOf, type GatewayAnswer } from '../../../infra/gateway-answers.ts';
import { type ApiFunction, type Route, routes } from '../../../infra/routes.ts';
import { InvocationError } from './execution-environment.ts';
import type { LambdaFunction } from './lambda.ts';

export interface GatewayOptions {
  readonly host: string;
  readonly stage: string;
  readonly tls: { readonly key: string; readonly cert: string };
  readonly functions: Readonly<Record<ApiFunction, LambdaFunction>>;
  readonly limits?: Partial<GatewayLimits>;
}

export interface GatewayLimits {
  readonly bufferedMs: number;
  readonly streamedMs: number;
  /** Of a regional API. */
  readonly idleMs: number;
  readonly requestBytes: number;
  /** Of an event, or of a result that is not streamed. */
  readonly payloadBytes: number;
}

export interface Gateway {
  /** With the stage. */
  readonly url: string;
  readonly requests: number;
  close(): Promise<void>;
}

const regional: GatewayLimits = {
  bufferedMs: 29_000,
  streamedMs: 900_000,
  idleMs: 300_000,
  requestBytes: 10 * 1024 * 1024,
  payloadBytes: 6 * 1024 * 1024,
};

/** What a client sends of these is not passed on: the gateway speaks HTTP with it for itself. */
const dropped = new Set([
  'connection',
  'upgrade',
  'transfer-encoding',
  'te',
  'keep-alive',
  'proxy-connection',
  'expect',
]);
/** What a function says under these names reaches the client under another. */
const remapped = new Set(['connection', 'content-length', 'date', 'server', 'www-authenticate', 'x-amzn-requestid']);

interface Result {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, stage, tls, functions } = options;
  const limits = { ...regional, ...options.limits };
  let requests = 0;
  const server = http2.createSecureServer({ ...tls, allowHTTP1: true });
  server.on('request', (request, response) => {
    requests++;
    answer(request, response).catch(() => breakOff(response));
  });
  const sessions = new Set<http2.ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
  });
  server.on('sessionError', () => undefined);
  server.listen(0, host);
  await once(server, 'listening');

  async function answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const url = new URL(request.url, 'https://gateway');
    const prefix = `/${stage}`;
    if (url.pathname !== prefix && !url.pathname.startsWith(`${prefix}/`)) return forbid(response);
    const path = url.pathname.slice(prefix.length) || '/';
    const route = routes.find((each) => matches(each, request.method, path));
    if (!route) return refuse(response, 'MISSING_AUTHENTICATION_TOKEN');
    const body = await read(request, limits.requestBytes);
    if (!body) return refuse(response, 'REQUEST_TOO_LARGE');
    const event = eventOf(request, path, url.searchParams, body);
    if (JSON.stringify(event).length > limits.payloadBytes) return refuse(response, 'REQUEST_TOO_LARGE');
    const target = functions[route.target];
    try {
      if (route.streams) await streamed(target, event, request, response);
      else await buffered(target, event, response);
    } catch (error) {
      if (!(error instanceof InvocationError)) throw error;
      if (response.headersSent) breakOff(response);
      else refuse(response, 'DEFAULT_5XX');
      if (error.code !== 'killed' && error.code !== 'throttled') console.error(error.message);
    }
  }

  async function buffered(target: LambdaFunction, event: object, response: Http2ServerResponse): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), limits.bufferedMs);
    });
    const work = target.invoke(event);
    work.catch(() => undefined);
    const result = await Promise.race([work, late]).finally(() => clearTimeout(timer));
    if (result === 'late') return refuse(response, 'INTEGRATION_TIMEOUT');
    if (!isResult(result) || JSON.stringify(result).length > limits.payloadBytes)
      return refuse(response, 'DEFAULT_5XX');
    writeHead(response, result);
    response.end(Buffer.from(result.body ?? '', result.isBase64Encoded ? 'base64' : 'utf8'));
  }

  async function streamed(
    target: LambdaFunction,
    event: object,
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): Promise<void> {
    let head = Buffer.alloc(0);
    let begun = false;
    let over = false;
    const end = () => {
      over = true;
      breakOff(response);
    };
    let idle = setTimeout(end, limits.idleMs);
    const total = setTimeout(end, limits.streamedMs);
    const take = async (chunk: Uint8Array): Promise<void> => {
      if (over || response.destroyed || response.stream?.destroyed) return;
      clearTimeout(idle);
      idle = setTimeout(end, limits.idleMs);
      let rest: Uint8Array = chunk;
      if (!begun) {
        head = Buffer.concat([head, chunk]);
        const at = head.indexOf(Buffer.alloc(8));
        if (at < 0) return;
        const prelude: unknown = JSON.parse(head.subarray(0, at).toString());
        if (!isResult(prelude)) throw new Error('the stream begins with no prelude');
        writeHead(response, prelude);
        begun = true;
        rest = head.subarray(at + 8);
      }
      if (rest.length > 0 && request.method !== 'HEAD' && !response.write(Buffer.from(rest)))
        await Promise.race([once(response, 'drain'), once(response, 'close')]);
    };
    try {
      await target.invoke(event, take);
      if (begun) response.end();
      else refuse(response, 'DEFAULT_5XX');
    } finally {
      clearTimeout(idle);
      clearTimeout(total);
    }
  }

  return {
    // A TCP server's address is never a string, and is there while it listens.
    url: `https://${host}:${(server.address() as AddressInfo).port}/${stage}`,
    get requests() {
      return requests;
    },
    async close() {
      for (const session of sessions) session.destroy();
      server.close();
    },
  };
}

function matches({ path, method }: Route, asked: string, path2: string): boolean {
  if (method !== 'ANY' && method !== asked) return false;
  if (!path.endsWith('{proxy+}')) return path === path2;
  const prefix = path.slice(0, -'{proxy+}'.length);
  return path2.startsWith(prefix) && path2.length > prefix.length;
}

async function read(request: Http2ServerRequest, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function eventOf(request: Http2ServerRequest, path: string, query: URLSearchParams, body: Buffer): object {
  const multiValueHeaders: Record<string, string[]> = {};
  const headers: IncomingHttpHeaders = request.headers;
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(':') || dropped.has(name) || value === undefined) continue;
    multiValueHeaders[name] = Array.isArray(value) ? value : [value];
  }
  const parameters: Record<string, string[]> = {};
  for (const name of new Set(query.keys())) parameters[name] = query.getAll(name);
  const single = (values: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? '']));
  return {
    httpMethod: request.method,
    path,
    headers: single(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query.size > 0 ? single(parameters) : null,
    multiValueQueryStringParameters: query.size > 0 ? parameters : null,
    body: body.length > 0 ? body.toString('base64') : null,
    isBase64Encoded: body.length > 0,
    requestContext: { requestId: randomUUID(), identity: { sourceIp: request.socket.remoteAddress ?? '' } },
  };
}

function isResult(value: unknown): value is Result {
  return typeof value === 'object' && value !== null && 'statusCode' in value && typeof value.statusCode === 'number';
}

function writeHead(response: Http2ServerResponse, { statusCode, headers = {}, multiValueHeaders = {} }: Result): void {
  const all: Record<string, string | string[]> = { ...headers, ...multiValueHeaders };
  response.statusCode = statusCode;
  for (const [name, value] of Object.entries(all))
    response.setHeader(remapped.has(name.toLowerCase()) ? `x-amzn-remapped-${name}` : name, value);
  // HTTP/1.1 sends it with the first byte otherwise, and a watch may have none for long.
  if ('flushHeaders' in response && typeof response.flushHeaders === 'function') response.flushHeaders();
}

/** Its client sees a break and no end. Over HTTP/1.1 the compatibility layer hands out a response without a stream. */
function breakOff(response: Http2ServerResponse): void {
  const { stream } = response as { stream?: Http2ServerResponse['stream'] };
  if (stream) stream.destroy();
  else response.destroy();
}

/** No stage, no answers that the stack could have configured for it: API Gateway's own words. */
function forbid(response: Http2ServerResponse): void {
  response.writeHead(403, { 'content-type': 'application/json', 'x-amzn-errortype': 'ForbiddenException' });
  response.end('{"message":"Forbidden"}');
}

/** As the stack has it answer. */
function refuse(response: Http2ServerResponse, type: GatewayAnswer): void {
  const { statusCode, headers, body } = answerOf(type);
  response.writeHead(statusCode, { 'content-type': 'application/json', ...headers });
  response.end(body);
}
