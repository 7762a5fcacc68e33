// Whatever a request's promise or answer turns out to be, it is this request's failure: the server goes on for everybody else.

import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import type { ApiResponse } from './http.ts';
import { type Serving, serve } from './serve.ts';
import { createTestAuthority } from './testing/certificates.ts';

let serving: Serving;
let answer: () => Promise<ApiResponse>;
const errors: unknown[] = [];
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', note);
  const authority = await createTestAuthority();
  const api = { handle: () => answer(), upgrade: () => answer() };
  serving = await serve(api, {
    host: '127.0.0.1',
    port: 0,
    tls: await authority.server(),
    onError: (error) => void errors.push(error),
  });
});

afterAll(async () => {
  await serving.close(0);
  process.off('unhandledRejection', note);
});

async function overHttp2(): Promise<number> {
  const session = http2.connect(serving.url, { rejectUnauthorized: false });
  session.on('error', () => {});
  try {
    const stream = session.request({ ':path': '/x' });
    const status = Promise.race([
      once(stream, 'response').then(([headers]) => Number(headers[':status'])),
      once(stream, 'close').then(() => 0),
    ]);
    stream.on('error', () => {}).resume();
    return await status.catch(() => 0);
  } finally {
    session.destroy();
  }
}

async function overHttp1(headers: Record<string, string> = {}): Promise<number> {
  const request = https.get(`${serving.url}/x`, { headers, rejectUnauthorized: false, agent: false });
  try {
    const [message] = await once(request, 'response');
    message.on('error', () => {}).resume();
    return message.statusCode;
  } catch {
    return 0;
  } finally {
    request.on('error', () => {}).destroy();
  }
}

const good: ApiResponse = { status: 200, headers: {}, body: Buffer.from('ok') };
const failing = (more: object): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('next')), ...more }),
});
const broken: [string, () => Promise<ApiResponse>][] = [
  ['a rejection', () => Promise.reject(new Error('broken'))],
  ['a rejection with nothing', () => Promise.reject(undefined)],
  ['status 999', async () => ({ ...good, status: 999 })],
  ['status 0', async () => ({ ...good, status: 0 })],
  ['status 101', async () => ({ ...good, status: 101 })],
  ['a status that is no number', async () => ({ ...good, status: Number.NaN })],
  ['a line break in a header', async () => ({ ...good, headers: { a: 'x\r\nb: y' } })],
  [
    'a header that HTTP/2 does not know',
    async () => ({ ...good, headers: { 'transfer-encoding': 'chunked', ':x': 'y' } }),
  ],
  ['a header without a name', async () => ({ ...good, headers: { '': 'x' } })],
];

describe.each([
  ['HTTP/2', overHttp2],
  ['HTTP/1.1', overHttp1],
])('over %s', (_, ask) => {
  it.each(broken)('%s is a failure of one request', async (_what, does) => {
    answer = does;
    const before = errors.length;
    const status = await ask();
    // Some headers HTTP/1.1 takes as they are, and its client does not.
    expect([200, 500, 0]).toContain(status);
    if (status === 500) expect(errors.length).toBeGreaterThan(before);
    answer = async () => good;
    expect(await ask()).toBe(200);
    tried('answers that cannot be sent');
  });

  it.each([
    ['fails', failing({})],
    ['fails when it is left', failing({ return: () => Promise.reject(new Error('return')) })],
  ])('a body that %s ends its own response', async (_what, body) => {
    answer = async () => ({ status: 200, headers: {}, body });
    await ask();
    answer = async () => good;
    expect(await ask()).toBe(200);
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    tried('answers that cannot be sent');
  });
});

describe('an upgrade', () => {
  it.each(broken)('with %s ends its own connection', async (_what, does) => {
    answer = does;
    await overHttp1({ connection: 'Upgrade', upgrade: 'x' });
    answer = async () => good;
    expect(await overHttp1()).toBe(200);
    await new Promise(setImmediate);
    expect(unhandled).toEqual([]);
    tried('answers that cannot be sent');
  });
});
