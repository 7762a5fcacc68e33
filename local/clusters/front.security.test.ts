import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { notFound } from '../../core/machinery/status.ts';
import { createLog } from '../../core/process/log.ts';
import { type Audit, createAudit } from '../../functions/apiserver/audit/audit.ts';
import type { ApiRequest, ApiResponse } from '../../functions/apiserver/http.ts';
import { addressHeader, certificateHeader } from '../../functions/apiserver/serve-behind.ts';
import type { Clusters } from './clusters.ts';
import { withClusters } from './front.ts';
import type { Hosted } from './hosted.ts';

let folder: string;
let server: Server;
let seen: { url: string | undefined; headers: IncomingHttpHeaders }[] = [];
let agent: Agent;
let held: number;

// What stands behind the front is a server on a socket; what answers there tells what came.
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'front-'));
  [seen, held] = [[], 0];
  const path = join(folder, 'api.sock');
  server = createServer((request, response) => {
    seen.push({ url: request.url, headers: request.headers });
    // A watch goes on.
    if (request.url?.includes('watch')) response.write('{}\n');
    else response.end('behind');
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  agent = Object.assign(new Agent({ keepAlive: true }), { createConnection: () => connect(path) });
});
afterEach(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(audit?: Audit) {
  const hostedNames = new Map(
    ['a', 'b'].map((name) => [name, { asked: { name, uid: name }, agent } as unknown as Hosted]),
  );
  const clusters: Clusters = {
    async find(name) {
      const found = hostedNames.get(name);
      if (!found) throw notFound({ group: 'zeroplane.dev', resource: 'clusters' }, name);
      return found;
    },
    async use() {
      held += 1;
      return () => {
        held -= 1;
      };
    },
    close: async () => {},
  };
  const own = { handle: async () => text('own'), upgrade: async () => text('own') };
  return withClusters(own, clusters, createLog('silent'), audit);
}

const text = (body: string): ApiResponse => ({ status: 200, headers: {}, body: Buffer.from(body) });
const get = (path: string, more: Partial<ApiRequest> = {}): ApiRequest => {
  return { method: 'GET', path, query: '', headers: {}, ...more };
};
async function bodyOf({ body }: ApiResponse): Promise<string> {
  if (!body || body instanceof Uint8Array) return Buffer.from(body ?? []).toString();
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it('passes on what is below the path of a cluster, and nothing else', async () => {
  const front = open();
  expect(await bodyOf(await front.handle(get('/clusters/a/api/v1/pods', { query: 'limit=1' })))).toBe('behind');
  expect(await bodyOf(await front.handle(get('/clusters/a')))).toBe('behind');
  expect(seen.map(({ url }) => url)).toEqual(['/api/v1/pods?limit=1', '/']);
  expect(held).toBe(0);
  for (const path of ['/', '/api', '/clusters', '//clusters/a/api', '/Clusters/a', '/%63lusters/a', '/x/clusters/a'])
    expect(await bodyOf(await front.handle(get(path))), path).toBe('own');
  for (const name of [
    '',
    '%61',
    'A',
    '..',
    '.',
    'a%2Fb',
    'a%00',
    '__proto__',
    'constructor',
    'toString',
    'a;b',
    'a b',
    'c',
  ])
    expect((await front.handle(get(`/clusters/${name}/api`))).status, name).toBe(404);
  // Whatever it means to anybody, it stays with the cluster that it was sent to.
  await front.handle(get('/clusters/a/../b/api'));
  expect(seen.at(-1)?.url).toBe('/../b/api');
});

it('says whom TLS saw, whatever the client says of itself', async () => {
  const front = open();
  const claims = {
    [certificateHeader]: 'claimed',
    [addressHeader]: '127.0.0.1',
    authorization: 'Bearer mine',
    connection: 'x',
  };
  await front.handle(get('/clusters/a/api', { headers: claims }));
  expect(seen.at(-1)?.headers).not.toHaveProperty(certificateHeader);
  expect(seen.at(-1)?.headers).not.toHaveProperty(addressHeader);
  // For the cluster itself to judge.
  expect(seen.at(-1)?.headers.authorization).toBe('Bearer mine');
  const certificate = Buffer.from('der');
  await front.handle(get('/clusters/a/api', { headers: claims, certificate, remoteAddress: '10.0.0.1' }));
  expect(seen.at(-1)?.headers).toMatchObject({
    [certificateHeader]: certificate.toString('base64'),
    [addressHeader]: '10.0.0.1',
  });
});

it('one cluster has a quarter of the requests that the others leave free', async () => {
  const front = open();
  const watches: AsyncIterator<Uint8Array>[] = [];
  let refused: ApiResponse | undefined;
  while (!refused && watches.length < 1000) {
    const response = await front.handle(get('/clusters/a/api/v1/pods', { query: 'watch=1' }));
    if (response.status === 429) refused = response;
    else watches.push((response.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]());
  }
  expect(watches).toHaveLength(400);
  // A body that nobody has read to its end is still open.
  expect(await bodyOf(await front.handle(get('/clusters/b/api')))).toBe('behind');
  await watches[0]?.return?.();
  expect(await bodyOf(await front.handle(get('/clusters/a/api')))).toBe('behind');
  await Promise.all(watches.map((each) => each.return?.()));
});

it('writes down what it refuses, which no cluster hears of, and nothing of what a cluster answers', async () => {
  const events: { auditID: string; requestURI: string; responseStatus: { code: number }; sourceIPs: string[] }[] = [];
  const policy = { rules: [{ level: 'Metadata' as const }], omitStages: ['RequestReceived' as const] };
  const front = open(createAudit(policy, { write: (line) => void events.push(JSON.parse(line)) }, Date.now));
  await front.handle(get('/clusters/a/api'));
  expect(events).toEqual([]);
  const answers: ApiResponse[] = [];
  for (const path of ['/clusters/none/api/v1/secrets', '/clusters/a%2Fb', '/clusters/%zz/x'])
    answers.push(await front.handle(get(path, { query: 'limit=1', remoteAddress: '10.0.0.9' })));
  const held: ApiResponse[] = [];
  for (let answer = await watch(); answer.status !== 429; answer = await watch()) held.push(answer);
  expect(events.map(({ requestURI, responseStatus }) => [requestURI, responseStatus.code])).toEqual([
    ['/clusters/none/api/v1/secrets?limit=1', 404],
    ['/clusters/a%2Fb?limit=1', 404],
    ['/clusters/%zz/x?limit=1', 404],
    ['/clusters/a/api/v1/pods?watch=1', 429],
  ]);
  expect(events[0]).toMatchObject({ verb: 'get', user: {}, sourceIPs: ['10.0.0.9'] });
  expect(answers[0]?.headers['audit-id']).toBe(events[0]?.auditID);
  await Promise.all(held.map(({ body }) => (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]().return?.()));

  function watch(): Promise<ApiResponse> {
    return front.handle(get('/clusters/a/api/v1/pods', { query: 'watch=1' }));
  }
});
