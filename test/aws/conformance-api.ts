// The functions behind their gateway, as the tests of test/conformance ask an API.

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Answer, CallOptions } from '../../functions/apiserver/testing/open-test-api.ts';
import { eventually } from '../tools/cluster.ts';
import { startAwsCluster } from './harness/cluster.ts';

interface Head {
  readonly status: number;
  readonly headers: Answer['headers'];
  readonly location: string | undefined;
  readonly body: AsyncIterable<Buffer>;
  leave(): void;
}

const watchSeconds = 60;

export async function openConformanceApi() {
  const cluster = await startAwsCluster({ streamDelayMs: 200, concurrency: { watch: 60 } });
  const agent = new Agent({ keepAlive: true, ca: readFileSync(cluster.caFile) });
  const { url } = cluster.gateway;
  const authorization = `Bearer ${cluster.token('AKIAADMIN')}`;

  function begin(method: string, target: string, { body, headers, as }: CallOptions = {}): Promise<Head> {
    if (as !== undefined) throw new Error('the harness knows its own users: this test cannot run on it');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const type = text === undefined ? {} : { 'content-type': 'application/json' };
    const length = text === undefined ? {} : { 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      const sent = request(url + target, { method, agent, headers: { authorization, ...type, ...headers, ...length } });
      sent.once('error', reject);
      sent.once('response', (response) => {
        response.on('error', () => undefined);
        resolve({
          status: response.statusCode ?? 0,
          // as: of names that are sent once each.
          headers: response.headers as Answer['headers'],
          location: response.headers.location,
          body: response,
          leave: () => response.destroy(),
        });
      });
      sent.end(text);
    });
  }

  async function call(method: string, target: string, options: CallOptions = {}): Promise<Answer> {
    if (target.includes('watch=')) throw new Error('a stream: use watch');
    const { status, headers, body } = await begin(method, target, options);
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const isJson = String(headers['content-type']).includes('json');
    return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
  }
  const get = (target: string, options?: CallOptions) => call('GET', target, options);
  const post = (target: string, body: unknown, options?: CallOptions) => call('POST', target, { body, ...options });

  async function accountIn(namespace: string): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/default`;
    await eventually(120, async () => (await get(path)).status === 200);
  }

  await accountIn('default');
  return {
    call,
    get,
    post,
    put: (target: string, body: unknown, options?: CallOptions) => call('PUT', target, { body, ...options }),
    remove: (target: string, options?: CallOptions) => call('DELETE', target, options),
    patch: (target: string, type: string, body: unknown, options?: CallOptions) =>
      call('PATCH', target, { body, ...options, headers: { 'content-type': type, ...options?.headers } }),
    async namespace(name: string) {
      await post('/api/v1/namespaces', { metadata: { name } });
      await accountIn(name);
    },
    async watch(target: string, options?: CallOptions) {
      // Nobody tells a function that its client has left: without a time of its own each would be held for minutes.
      const timed = `${target}&timeoutSeconds=${watchSeconds}`;
      let stream = await begin('GET', timed, options);
      if (stream.status === 307 && stream.location !== undefined) {
        stream.leave();
        stream = await begin('GET', new URL(stream.location, url + timed).href.slice(url.length), options);
      }
      if (stream.status !== 200) throw new Error(`no stream but ${stream.status}`);
      const chunks = stream.body[Symbol.asyncIterator]();
      let text = '';
      return {
        async next(): Promise<{ type: string; object: Answer['body'] } | undefined> {
          for (;;) {
            const end = text.indexOf('\n');
            if (end >= 0) {
              const line = text.slice(0, end);
              text = text.slice(end + 1);
              if (line.trim() !== '') return JSON.parse(line);
              continue;
            }
            const { done, value } = await chunks.next();
            if (done) return undefined;
            text += value.toString();
          }
        },
        async stop() {
          stream.leave();
        },
      };
    },
    async close() {
      agent.destroy();
      await cluster.stop();
    },
  };
}
