// An edge before the real API server, and clients that watch through it over HTTP/1.1 or HTTP/2.

import http2 from 'node:http2';
import https from 'node:https';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { followHeader } from '../../core/edge/follow.ts';
import type { ApiServerOptions } from '../../functions/apiserver/handler.ts';
import type { ApiRequest, ApiResponse } from '../../functions/apiserver/http.ts';
import { serve } from '../../functions/apiserver/serve.ts';
import { createTestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { adminToken, openTestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { createEdge, type EdgeOptions } from '../edge.ts';
import { type ListenOptions, listen } from '../listen.ts';

type Json = ReturnType<typeof JSON.parse>;

export interface Asked {
  readonly target: string;
  readonly token: string;
  /** What it asked to follow; undefined: an ordinary request. */
  readonly follows: string | undefined;
}

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export async function openEdge(
  options: Omit<EdgeOptions, 'server' | 'ca'> = {},
  api: Partial<ApiServerOptions> = {},
  answer: (request: ApiRequest, handle: (request: ApiRequest) => Promise<ApiResponse>) => Promise<ApiResponse> = (
    request,
    handle,
  ) => handle(request),
  limits: ListenOptions['limits'] = {},
) {
  const t = await openTestApi(api);
  for (const name of ['default', 'other']) await t.post('/api/v1/namespaces', { metadata: { name } });
  const authority = await createTestAuthority();
  const asked: Asked[] = [];
  const counted = {
    ...t.api,
    handle(request: ApiRequest) {
      const { path, query, headers } = request;
      const token = headers['authorization']?.replace('Bearer ', '') ?? '';
      asked.push({ target: query === '' ? path : `${path}?${query}`, token, follows: headers[followHeader] });
      return answer(request, t.api.handle);
    },
  };
  const tls = { ...(await authority.server()), clientCA: authority.cert };
  const serving = await serve(counted, { host: '127.0.0.1', port: 0, tls });
  const edge = createEdge({
    pace: { quickMs: 20, slowMs: 50, checkMs: 600_000 },
    ...options,
    server: serving.url,
    ca: authority.cert,
  });
  const certificate = await authority.server();
  const listening = await listen({
    address: '127.0.0.1',
    port: 0,
    certificate: () => certificate,
    handle: edge.handle,
    log,
    limits,
  });
  const { port } = listening;
  const agent = new https.Agent({ ca: authority.cert });

  const request = (method: string, path: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; headers: Record<string, unknown>; stream: Readable }>((resolve, reject) => {
      const sent = https.request({ host: '127.0.0.1', port, path, method, agent, headers: bearing(headers) });
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.on('error', () => undefined);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, stream: response });
      });
      sent.end(body);
    });

  /** Over HTTP/2. */
  const request2 = (path: string, headers: Record<string, string> = {}) =>
    new Promise<{ status: number; headers: Record<string, unknown>; stream: Readable }>((resolve, reject) => {
      const session = http2.connect(`https://127.0.0.1:${port}`, { ca: authority.cert });
      session.once('error', reject);
      const stream = session.request({ ':path': path, ...bearing(headers) });
      stream.once('error', reject);
      stream.once('close', () => session.destroy());
      stream.once('response', (given) => resolve({ status: Number(given[':status']), headers: given, stream }));
    });

  const read = async ({ stream }: { stream: Readable }): Promise<Json> => {
    let text = '';
    for await (const chunk of stream) text += chunk;
    return text === '' ? undefined : JSON.parse(text);
  };

  return {
    ...t,
    edge,
    port,
    asked,
    /** Requests that followed, by their token. */
    follows: (token = adminToken) => asked.filter((each) => each.token === token && each.follows !== undefined),
    request,
    async json(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const answered = await request(method, path, headers, body === undefined ? undefined : JSON.stringify(body));
      return { status: answered.status, body: await read(answered) };
    },
    /** The events of a watch as they come; `undefined` at its end. */
    async watch(path: string, headers: Record<string, string> = {}, version: 1 | 2 = 1) {
      const answered = await (version === 1 ? request('GET', path, headers) : request2(path, headers));
      if (answered.status !== 200) throw new Error(`${answered.status}: ${JSON.stringify(await read(answered))}`);
      const lines = createInterface({ input: answered.stream })[Symbol.asyncIterator]();
      return {
        headers: answered.headers,
        async next(): Promise<Json> {
          const { done, value } = await lines.next();
          return done ? undefined : JSON.parse(value);
        },
        stop: () => answered.stream.destroy(),
      };
    },
    async close() {
      edge.close();
      listening.close();
      agent.destroy();
      await serving.close(0);
      await t.close();
    },
  };
}

function bearing(headers: Record<string, string>): Record<string, string> {
  return { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json', ...headers };
}

export type OpenedEdge = Awaited<ReturnType<typeof openEdge>>;
