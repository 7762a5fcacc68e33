// An API server over a real registry and store in a temporary folder, with requests as short calls.

import { generateKeyPairSync } from 'node:crypto';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import { openTestRegistry, type TestRegistryOptions } from '../../../core/registry/testing.ts';
import { authenticated } from '../authentication/users.ts';
import { wholeBody } from '../content/list-body.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../handler.ts';
import type { ApiRequest, ApiResponse } from '../http.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' });

const hourMs = 3_600_000;

export const adminToken = 'admin-token-of-the-test';

export interface Answer {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  readonly text: string;
  /** The body as JSON; tests look into it freely. */
  readonly body: ReturnType<typeof JSON.parse>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** The caller; the admin where nobody is named. `null`: no credentials. */
  readonly as?:
    | { readonly name: string; readonly groups?: readonly string[]; readonly notAfter?: number }
    | { readonly token: string }
    | null;
}

export async function openTestApi(more: Partial<ApiServerOptions> = {}, registry: TestRegistryOptions = {}) {
  const base = await openTestRegistry(registry);
  const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
  const options: ApiServerOptions = {
    registry: base.registry,
    definitions: base.definitions,
    store: base.store,
    replicas: base.replicas,
    queue,
    heartbeats: base.store.heartbeats,
    serviceAccounts: { issuer: 'https://issuer.test', keys: [signingKey] },
    staticTokens: [{ token: adminToken, user: { username: 'admin', groups: ['system:masters'] } }],
    ...more,
  };
  const api = await createApiServer(options);

  function request(method: string, target: string, { body, headers = {}, as }: CallOptions = {}): ApiRequest {
    const [path = '', query = ''] = target.split(/\?(.*)/s);
    const token = as === undefined ? adminToken : as && 'token' in as ? as.token : undefined;
    const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    return {
      method,
      path,
      query,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      ...(bytes && { body: bytes }),
      ...(as &&
        'name' in as && {
          peer: {
            user: authenticated({ username: as.name, groups: as.groups ?? [] }),
            notBefore: 0,
            notAfter: as.notAfter ?? Date.now() + hourMs,
          },
        }),
    };
  }

  const call = (method: string, target: string, options?: CallOptions) => callAt(api, method, target, options);
  /** Another API server's answer. */
  async function callAt(
    server: Pick<ApiServer, 'handle'>,
    method: string,
    target: string,
    options: CallOptions = {},
  ): Promise<Answer> {
    const { status, headers, body } = await server.handle(request(method, target, options));
    if (target.includes('watch=')) throw new Error('a stream: use watch');
    const text = Buffer.from(await wholeBody(body ?? new Uint8Array())).toString('utf8');
    const isJson = String(headers['content-type']).includes('json');
    return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  return {
    ...base,
    options,
    api,
    queue,
    request,
    call,
    callAt,
    get: (target: string, options?: CallOptions) => call('GET', target, options),
    post: (target: string, body: unknown, options?: CallOptions) => call('POST', target, { body, ...options }),
    put: (target: string, body: unknown, options?: CallOptions) => call('PUT', target, { body, ...options }),
    remove: (target: string, options?: CallOptions) => call('DELETE', target, options),
    patch: (target: string, type: string, body: unknown, options?: CallOptions) =>
      call('PATCH', target, { body, ...options, headers: { 'content-type': type, ...options?.headers } }),
    /** The events of a watch, one at a time; `stop` ends it as a client that leaves does. */
    async watch(target: string, options?: CallOptions) {
      const response = await api.handle(request('GET', target, options));
      if (response.body === undefined || response.body instanceof Uint8Array)
        throw new Error(`no stream but ${response.status}: ${Buffer.from(response.body ?? []).toString()}`);
      const chunks = response.body[Symbol.asyncIterator]();
      const waiting: string[] = [];
      return {
        async next(): Promise<{ type: string; object: ReturnType<typeof JSON.parse> } | undefined> {
          while (waiting.length === 0) {
            const { done, value } = await chunks.next();
            if (done) return undefined;
            waiting.push(
              ...Buffer.from(value)
                .toString('utf8')
                .split('\n')
                .filter((line) => line !== ''),
            );
          }
          return JSON.parse(waiting.shift() ?? '');
        },
        async stop() {
          await chunks.return?.();
        },
      };
    },
    async close() {
      api.close();
      await base.close();
    },
  };
}

export type TestApi = Awaited<ReturnType<typeof openTestApi>>;
