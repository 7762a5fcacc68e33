import { type Duplex, duplexPair } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PodPort } from '../../../core/node/node-stream.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { parseProxyName } from './proxy-target.ts';

// The API server over a real registry; the far end of the connection into the pod is the test's.

let t: TestApi;
let asked: PodPort | undefined;
let askedNode: string | undefined;
let answer: string;
let heard: string;
/** Bytes behind the answer. */
let more = Buffer.alloc(0);

function connection(): Duplex {
  const [near, far] = duplexPair();
  far.once('data', (chunk: Buffer) => {
    heard = chunk.toString();
    far.write(answer);
    if (more.length > 0) far.write(more);
    if (answer.startsWith('HTTP/1.1 101')) far.pipe(far);
    else far.end();
  });
  return near;
}

const unused = () => Promise.reject(new Error('not part of this test'));
const streams: StreamHandler = {
  respond: unused,
  upgrade: unused,
  accept: unused,
  async connect(port) {
    asked = port;
    return connection();
  },
  async connectNode(node) {
    askedNode = node;
    return connection();
  },
};

beforeEach(async () => {
  t = await openTestApi({ streams });
  await t.namespace('default');
  asked = undefined;
});
afterEach(() => t.close());

const base = '/api/v1/namespaces/default';

async function makePod(node: string) {
  const spec = {
    nodeName: node,
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i', ports: [{ containerPort: 8080 }] },
    ],
  };
  return t.post(`${base}/pods`, { metadata: { name: 'p' }, spec });
}

async function text(target: string): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
  const { status, headers, body } = await t.api.handle(t.request('GET', target));
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else if (body) for await (const chunk of body) chunks.push(chunk);
  return { status, headers, text: Buffer.concat(chunks).toString() };
}

describe('proxy', () => {
  it('takes a name with a scheme and a port, or without', () => {
    expect(parseProxyName('web')).toEqual({ scheme: 'http', name: 'web', port: '' });
    expect(parseProxyName('web:80')).toEqual({ scheme: 'http', name: 'web', port: '80' });
    expect(parseProxyName('https:web:')).toEqual({ scheme: 'https', name: 'web', port: '' });
    expect(() => parseProxyName('a:b:c:d')).toThrow('write [http:|https:]name[:port]');
  });

  it('passes path and query on without the credentials, and gives back what the pod says', async () => {
    await makePod('n');
    answer = 'HTTP/1.1 418 Teapot\r\nlocation: /there\r\nx-own: 1\r\ncontent-length: 5\r\n\r\nshort';
    const got = await text(`${base}/pods/p:9000/proxy/a/b%20c?x=1`);
    expect(got).toMatchObject({ status: 418, text: 'short' });
    expect(got.headers).toMatchObject({ 'x-own': '1', location: `${base}/pods/p:9000/proxy/there` });
    expect(asked).toMatchObject({ node: 'n', pod: 'p', port: 9000 });
    expect(heard).toMatch(/^GET \/a\/b%20c\?x=1 HTTP\/1\.1\r\n/);
    expect(heard.toLowerCase()).not.toContain('authorization');
  });

  it.each([
    ['proxy/%2F', '/'],
    ['proxy/%2Fetc', '/etc'],
    ['proxy//etc', '/etc'],
    ['proxy/a%2Fb/', '/a/b/'],
    ['proxy/a//b', '/a/b'],
    ['proxy/a%2F%2Fb%2F', '/a/b/'],
    ['proxy/a/%2e%2E/b', '/b'],
    ['proxy/%2e%2e/%2e%2e', '/'],
    ['proxy/a%252Fb', '/a%252Fb'],
    ['proxy/100%25', '/100%25'],
    ['proxy/%3Fa=1%23b', '/%3Fa=1%23b'],
    ["proxy/a(1)!*'b[2]", '/a%281%29%21%2A%27b%5B2%5D'],
    ['proxy/a;b,c=d&e+f@g:h$i~j', '/a;b,c=d&e+f@g:h$i~j'],
    ['proxy/%C3%A9', '/%C3%A9'],
  ])('decodes a path once, and sends what is meant: %s as %s', async (sent, heardPath) => {
    await makePod('n');
    answer = 'HTTP/1.1 204 No Content\r\n\r\n';
    expect((await text(`${base}/pods/p:9000/${sent}`)).status).toBe(204);
    expect(heard.split(' ')[1]).toBe(heardPath);
  });

  it('gives links of a page, and redirects to places on the pod itself, as places behind it', async () => {
    await makePod('n');
    const at = `${base}/pods/p:9000/proxy`;
    const page = '<a href="/rewriteme">test</a><a href="//other.example.com/x"></a>';
    const expected = `<a href="${at}/rewriteme">test</a><a href="//other.example.com/x"></a>`;
    answer = `HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: ${page.length}\r\n\r\n${page}`;
    const got = await text(`${at}/`);
    expect(got).toMatchObject({ status: 200, text: expected });
    expect(got.headers['content-length']).toBeUndefined();
    const zipped = gzipSync(page);
    answer = `HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-encoding: gzip\r\ncontent-length: ${zipped.length}\r\n\r\n`;
    more = zipped;
    const { body } = await t.api.handle(t.request('GET', `${at}/`));
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(chunk);
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe(expected);
    more = Buffer.alloc(0);
    answer = `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: ${page.length}\r\n\r\n${page}`;
    expect((await text(`${at}/`)).text).toBe(page);
    const locations = [
      ['/a', `${at}/a`],
      [`${at}/a`, `${at}/a`],
      ['//other.example.com/a', '//other.example.com/a'],
      ['a', 'a'],
    ];
    for (const [location, behind] of locations) {
      answer = `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`;
      expect((await text(`${at}/`)).headers['location']).toBe(behind);
    }
  });

  it('takes the first port of a pod where none is named', async () => {
    await makePod('n');
    answer = 'HTTP/1.1 204 No Content\r\n\r\n';
    expect((await text(`${base}/pods/p/proxy/`)).status).toBe(204);
    expect(asked).toMatchObject({ port: 8080 });
  });

  it('sends a path without its slash to the one with it', async () => {
    const got = await text(`${base}/services/web/proxy?x=1`);
    expect([got.status, got.headers['location']]).toEqual([301, `${base}/services/web/proxy/?x=1`]);
    // A client that changes something would not be asked again by everything between.
    await makePod('n');
    answer = 'HTTP/1.1 204 No Content\r\n\r\n';
    expect((await t.post(`${base}/pods/p:9000/proxy?x=1`, {})).status).toBe(204);
    expect(heard).toMatch(/^POST \/\?x=1 HTTP/);
  });

  it('asks a node of its own API, and no other port', async () => {
    await t.create('nodes', '', { metadata: { name: 'n' } });
    answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
    for (const name of ['n', 'n:10250', 'https:n:']) {
      askedNode = undefined;
      expect(await text(`/api/v1/nodes/${name}/proxy/stats/summary?only_cpu=true`)).toMatchObject({
        status: 200,
        text: 'ok',
      });
      expect([askedNode, heard.split('\r\n')[0]]).toEqual(['n', 'GET /stats/summary?only_cpu=true HTTP/1.1']);
    }
    expect((await text('/api/v1/nodes/n:22/proxy/')).status).toBe(400);
    expect((await text('/api/v1/nodes/other/proxy/healthz')).status).toBe(404);
    const refused = await t.get('/api/v1/nodes/n/proxy/healthz', { as: { name: 'jane' } });
    expect(refused.body.message).toContain('cannot get resource "nodes/proxy"');
  });

  it('joins both ends where they leave HTTP', async () => {
    await makePod('n');
    answer = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n';
    const [near, far] = duplexPair();
    const token = `base64url.bearer.authorization.k8s.io.${Buffer.from('secret').toString('base64url')}`;
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'k',
      'sec-websocket-protocol': `mine, ${token}, other`,
    };
    const request = t.request('GET', `${base}/pods/p:9000/proxy/ws`, { headers });
    expect(await t.api.upgrade(request, { socket: near, head: Buffer.alloc(0) })).toBeUndefined();
    expect(heard.toLowerCase()).toMatch(/^get \/ws http\/1\.1\r\n.*sec-websocket-key: k.*upgrade: websocket/s);
    // The token of a browser's WebSocket is for the API server alone.
    expect(heard).toMatch(/sec-websocket-protocol: mine, other\r\n/i);
    let back = '';
    far.on('data', (chunk: Buffer) => {
      back += chunk.toString();
    });
    far.write('frame');
    await expect.poll(() => back).toMatch(/^HTTP\/1\.1 101 .*\r\n\r\nframe$/s);
    far.destroy();
    // What does not switch is an answer.
    answer = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno';
    const [other] = duplexPair();
    const refusal = await t.api.upgrade(request, { socket: other, head: Buffer.alloc(0) });
    expect([refusal?.status, Buffer.from((refusal?.body as Uint8Array | undefined) ?? []).toString()]).toEqual([
      403,
      'no',
    ]);
  });

  it('says what is missing: the pod, its answer, a Service port, endpoints', async () => {
    expect((await text(`${base}/pods/p/proxy/`)).status).toBe(404);
    await makePod('n');
    answer = '';
    const silent = await text(`${base}/pods/p/proxy/`);
    expect([silent.status, silent.text]).toEqual([503, expect.stringContaining('error trying to reach service')]);
    await t.post(`${base}/services`, { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } });
    expect((await text(`${base}/services/web:81/proxy/`)).text).toContain('no service port');
    expect((await text(`${base}/services/web:80/proxy/`)).text).toContain('no endpoints available');
  });
});
