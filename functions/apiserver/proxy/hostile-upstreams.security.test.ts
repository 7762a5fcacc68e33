// What a pod, an extension server or a node answers may be anything: the client gets an answer, and the API server goes on.

import { once } from 'node:events';
import http2 from 'node:http2';
import https from 'node:https';
import { type Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { channels, frame } from '../../../core/node/frame-socket.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { begun } from '../streams/node-status.ts';
import type { StreamHandler } from '../streams-contract.ts';
import { adminToken, openTestApi, type TestApi } from '../testing/open-test-api.ts';
import { openTls, type TlsServer } from '../testing/open-tls.ts';

let t: TestApi;
let server: TlsServer;
/** What the pod does with its connection. */
let pod: (far: Duplex) => void;
const unhandled: unknown[] = [];
const note = (error: unknown) => void unhandled.push(error);

const unused = () => Promise.reject(new Error('not part of this test'));
const connect = async (): Promise<Duplex> => {
  const [near, far] = duplexPair();
  far.on('error', () => {});
  far.once('data', () => pod(far));
  return near;
};
const streams: StreamHandler = { respond: unused, upgrade: unused, accept: unused, connect, connectNode: connect };

beforeAll(async () => {
  process.on('unhandledRejection', note);
  t = await openTestApi({ streams });
  server = await openTls(t);
  await t.namespace('default');
  const spec = { nodeName: 'n', containers: [{ name: 'a', image: 'i', ports: [{ containerPort: 80 }] }] };
  await t.post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec });
});

afterAll(async () => {
  await server.close();
  await t.close();
  process.off('unhandledRejection', note);
});

afterEach(async () => {
  // A rejection that nobody took is told in a turn of its own.
  await new Promise(setImmediate);
  expect(unhandled).toEqual([]);
});

const path = '/api/v1/namespaces/default/pods/p/proxy/x';
const headers = { authorization: `Bearer ${adminToken}` };

async function overHttp2(): Promise<number> {
  const session = http2.connect(server.url, { rejectUnauthorized: false });
  try {
    session.on('error', () => {});
    const stream = session.request({ ':path': path, ...headers });
    const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    stream.on('error', () => {});
    stream.resume();
    if (!stream.closed) await once(stream, 'close').catch(() => undefined);
    return Number(answer[':status']);
  } finally {
    session.destroy();
  }
}

async function overHttp1(more: Record<string, string> = {}): Promise<number> {
  const request = https.get(`${server.url}${path}`, {
    headers: { ...headers, ...more },
    rejectUnauthorized: false,
    agent: false,
  });
  const answered = Promise.race([
    once(request, 'response').then(([message]) => {
      message.on('error', () => {}).resume();
      return message.statusCode as number;
    }),
    once(request, 'upgrade').then(([, socket]) => {
      socket.on('error', () => {}).destroy();
      return 101;
    }),
  ]);
  return answered.finally(() => request.on('error', () => {}).destroy());
}

const ends = (text: string | Uint8Array) => (far: Duplex) => void far.end(text);
const answer = (status: string, rest = 'content-length: 2\r\n\r\nok') => ends(`HTTP/1.1 ${status} X\r\n${rest}`);

describe.each([
  ['HTTP/2', overHttp2],
  ['HTTP/1.1', overHttp1],
])('a proxied answer over %s', (_, ask) => {
  it.each(['999', '600', '099', '000', '100', '101', '199', '1', '20', '2000', '-20', 'abc', ''])(
    'of status %j is a bad gateway',
    async (status) => {
      pod = answer(status);
      expect([502, 503]).toContain(await ask());
      tried('hostile answers of a pod');
    },
  );

  it.each([
    ['nothing', ends('')],
    ['no HTTP', ends('hello\r\n\r\n')],
    ['an unasked switch of protocols', answer('101', 'connection: upgrade\r\nupgrade: x\r\n\r\n')],
    ['half of a head', ends('HTTP/1.1 200 OK\r\nx: y')],
    ['a head without end', (far: Duplex) => void far.write(`HTTP/1.1 200 OK\r\n${'x: y\r\n'.repeat(100_000)}`)],
    ['a header with a control character', answer('200', 'x: a\u0001b\r\ncontent-length: 0\r\n\r\n')],
    ['two lengths', answer('200', 'content-length: 1\r\ncontent-length: 2\r\n\r\nok')],
    ['a reset', (far: Duplex) => void far.destroy(new Error('reset'))],
  ])('of %s is an error, and not the end', async (_what, does) => {
    pod = does;
    expect([502, 503]).toContain(await ask());
    tried('hostile answers of a pod');
  });

  it.each([
    ['a body that breaks off', answer('200', 'content-length: 100\r\n\r\nok')],
    ['chunks that are none', answer('200', 'transfer-encoding: chunked\r\n\r\nzz\r\n')],
    ['headers of a connection', answer('200', 'connection: x\r\nx: y\r\nkeep-alive: 1\r\ncontent-length: 0\r\n\r\n')],
    ['many informational answers', answer('103', `\r\n${'HTTP/1.1 103 X\r\n\r\n'.repeat(50)}HTTP/1.1 200 OK\r\n\r\n`)],
  ])('of %s harms nobody else', async (_what, does) => {
    pod = does;
    expect([200, 502, 503]).toContain(await ask());
    pod = answer('200');
    expect(await ask()).toBe(200);
    tried('hostile answers of a pod');
  });

  it('of anything is answered', { timeout: 60_000 }, async () => {
    const line = fc.oneof(
      fc.constantFrom(
        'HTTP/1.1 200 OK',
        'HTTP/1.1 999 X',
        'HTTP/1.0 204',
        'content-length: 5',
        'transfer-encoding: chunked',
      ),
      fc.constantFrom(
        'connection: close',
        'upgrade: x',
        'set-cookie: a\r\nset-cookie: b',
        '',
        ':status: 200',
        'x: \u00ff',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 8 }), async (lines) => {
        pod = ends(Buffer.from(lines.join('\r\n'), 'latin1'));
        expect(await ask()).toBeGreaterThanOrEqual(200);
        tried('hostile answers of a pod');
      }),
      { numRuns: fuzzRuns(100) },
    );
  });
});

describe('an upgrade', () => {
  const upgrade = { connection: 'Upgrade', upgrade: 'echo' };

  it.each(['999', '099', '000', 'abc', '100'])('that is answered with %j is a bad gateway', async (status) => {
    pod = answer(status);
    expect([502, 503]).toContain(await overHttp1(upgrade));
    tried('hostile answers of a pod');
  });

  it('is joined whatever its headers are, and ends with either end', async () => {
    pod = answer('101', 'connection: upgrade\r\nupgrade: echo\r\nx: a\u0001b\r\n\r\nbytes');
    expect([101, 502, 503]).toContain(await overHttp1(upgrade));
    pod = answer('200');
    expect(await overHttp1()).toBe(200);
  });
});

describe('a failure that a node tells', () => {
  it('is a Status that can be answered, whatever it is', async () => {
    const value = fc.oneof(
      fc.anything(),
      fc.record({
        reason: fc.anything(),
        message: fc.anything(),
        code: fc.anything(),
        details: fc.record({ retryAfterSeconds: fc.anything(), causes: fc.anything(), name: fc.anything() }),
      }),
    );
    const textOf = (each: unknown) => {
      try {
        return JSON.stringify(each) ?? 'undefined';
      } catch {
        return String(each).slice(0, 10);
      }
    };
    await fc.assert(
      fc.asyncProperty(value, async (each) => {
        const bytes = frame(channels.error, textOf(each));
        const stream = {
          frames: (async function* () {
            yield bytes;
          })(),
          send: async () => {},
          deserted: () => new Promise<void>(() => {}),
          close() {},
        };
        const error = await begun(stream).then(
          () => undefined,
          (failure) => failure,
        );
        const { code, details } = error.status;
        expect(code).toBeGreaterThanOrEqual(400);
        const seconds = details?.retryAfterSeconds ?? 0;
        expect(Number.isInteger(seconds) && seconds >= 0 && seconds <= 86_400).toBe(true);
        tried('failures told by a hostile node');
      }),
      { numRuns: fuzzRuns(300) },
    );
  });
});
