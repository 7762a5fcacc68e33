// What strangers and users can hold of a server: nothing for ever, and nothing of others.

import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import tls from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { addressKey } from '../../core/process/address-key.ts';
import { tried } from '../../test/tools/tried.ts';
import type { ApiResponse } from './http.ts';
import { type Handler, type ServeOptions, type Serving, serve } from './serve.ts';
import { createTestAuthority } from './testing/certificates.ts';
import { adminToken, openTestApi, type TestApi } from './testing/open-test-api.ts';
import { connectRaw, flags, frameTypes, literalField, type RawHttp2, settingsOf } from './testing/raw-http2.ts';

let pair: Awaited<ReturnType<Awaited<ReturnType<typeof createTestAuthority>>['server']>>;
const opened: { close(): unknown }[] = [];

beforeAll(async () => {
  pair = await (await createTestAuthority()).server();
});

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const quick = { answerMs: 300, stallMs: 300, lookMs: 50, idleMs: 300, headersMs: 300 };
// Not the others': a busy machine may take as long for an honest one.
const quickHandshake = { ...quick, handshakeMs: 300 };

async function start(api: Handler, limits: ServeOptions['limits'] = quick): Promise<Serving> {
  const serving = await serve(api, { port: 0, host: '127.0.0.1', tls: pair, limits });
  opened.push({ close: () => serving.close(0) });
  return serving;
}

async function raw(serving: Serving, settings?: Readonly<Record<number, number>>): Promise<RawHttp2> {
  const client = await connectRaw(serving.port, settings);
  opened.push(client);
  return client;
}

const text = (body: string): ApiResponse => ({ status: 200, headers: {}, body: Buffer.from(body) });
const answers = (handle: Handler['handle']): Handler => ({ handle, upgrade: async () => undefined });
const bearer = { authorization: `Bearer ${adminToken}` };

describe('a request whose body never ends', () => {
  async function startApi(seats: number): Promise<[TestApi, Serving]> {
    const t = await openTestApi({ flowControl: { seats } });
    await t.namespace('default');
    opened.push(t);
    return [t, await start(t.api, { lookMs: 50 })];
  }
  const path = '/api/v1/namespaces/default/configmaps';
  const json = { 'content-type': 'application/json' };

  it('takes no seat from others, on any number of connections', async () => {
    const [t, serving] = await startApi(20);
    const token = await userToken(t);
    const hostile = await Promise.all([1, 2, 3].map(() => raw(serving)));
    for (const client of hostile)
      for (let stream = 1; stream < 200; stream += 2) {
        client.request(stream, 'POST', path, { ...json, authorization: `Bearer ${token}` }, true);
        client.send(frameTypes.data, 0, stream, Buffer.from('{"metadata":'));
      }
    tried('bodies that never end', 300);
    const honest = await raw(serving);
    const body = Buffer.from(JSON.stringify({ metadata: { generateName: 'c-' } }));
    for (let stream = 1; stream < 40; stream += 2) {
      honest.request(stream, 'POST', path, { ...json, authorization: `Bearer ${token}` }, true);
      honest.send(frameTypes.data, flags.endStream, stream, body);
      await expect.poll(() => honest.answered(stream), { interval: 5 }).toBe(true);
    }
    expect(honest.statuses).toEqual(Array.from({ length: 20 }, () => 201));
    expect(hostile.every((each) => !each.answered(1))).toBe(true);
  });

  it('is not read of who may do nothing with it', async () => {
    const [, serving] = await startApi(20);
    const stranger = await raw(serving);
    stranger.request(1, 'POST', path, json, true);
    await expect.poll(() => stranger.statuses).toEqual([403]);
    // And neither the stream nor the connection stays open for it.
    await expect.poll(() => stranger.frames.some((each) => each.type === frameTypes.reset)).toBe(true);
    await expect.poll(() => stranger.frames.some((each) => each.type === frameTypes.goAway)).toBe(true);
    tried('bodies that never end');
  });

  it('may hold a share of what bodies may hold together, and no more', async () => {
    const [, serving] = await startApi(20);
    const clients = await Promise.all([1, 2].map(() => raw(serving)));
    const part = Buffer.alloc(16 * 1024, 0x20);
    for (const client of clients)
      for (let stream = 1; stream < 80; stream += 2) {
        client.request(stream, 'POST', path, { ...json, ...bearer }, true);
      }
    // 80 bodies of 2 MB, a part of each in turn.
    for (let round = 0; round < 128; round++) {
      for (const client of clients)
        for (let stream = 1; stream < 80; stream += 2) if (!client.answered(stream)) client.send(0, 0, stream, part);
      await new Promise((resolve) => setImmediate(resolve));
      await expect.poll(() => clients.every((each) => maySend(each, round + 1, part.length))).toBe(true);
    }
    await expect.poll(() => clients.flatMap((each) => each.statuses)).toContain(429);
    tried('bodies that never end', 80);
  });
});

describe('a request that is never answered', () => {
  it('ends after a minute as Kubernetes ends it, and what is done for it stops', async () => {
    let stopped: unknown;
    const serving = await start(
      answers(
        ({ signal }) =>
          new Promise(() => {
            signal?.addEventListener('abort', () => {
              stopped = signal.reason;
            });
          }),
      ),
    );
    const client = await raw(serving);
    client.request(1, 'GET', '/api/v1/pods');
    await expect.poll(() => client.statuses).toEqual([504]);
    expect(stopped).toMatchObject({ reason: 'Timeout' });
    const old = await http1(serving, 'GET /api/v1/pods HTTP/1.1\r\nhost: a\r\n\r\n');
    await expect.poll(() => old.text()).toMatch(/^HTTP\/1\.1 504 .*"reason":"Timeout"/s);
    tried('requests without an answer', 2);
  });

  it('may last where it is long running', async () => {
    const serving = await start(
      answers(async (request) => {
        request.longRunning = true;
        await new Promise((resolve) => setTimeout(resolve, 900));
        return text('at last');
      }),
    );
    const client = await raw(serving);
    client.request(1, 'GET', '/');
    await expect.poll(() => client.statuses).toEqual([200]);
  });
});

describe('a client that takes nothing', () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(64 * 1024);
  }

  it.each(['a window of nothing', 'a window of one byte at a time'])('is cut: %s', async (kind) => {
    let left = false;
    const body = async function* () {
      try {
        yield* endless();
      } finally {
        left = true;
      }
    };
    const serving = await start(answers(async () => ({ status: 200, headers: {}, body: body() })));
    const client = await raw(serving, { 4: kind.includes('nothing') ? 0 : 1 });
    client.request(1, 'GET', '/');
    const more = setInterval(() => client.send(frameTypes.windowUpdate, 0, 1, window(1)), 20);
    if (kind.includes('nothing')) clearInterval(more);
    try {
      await expect.poll(() => left).toBe(true);
      expect(client.dataBytes).toBeLessThan(64 * 1024);
    } finally {
      clearInterval(more);
    }
    tried('clients that take nothing');
  });

  it('is cut, and no other stream of its connection or of others', async () => {
    const large = Buffer.alloc(2 * 1024 * 1024);
    const serving = await start(
      answers(async ({ path }) => ({ status: 200, headers: {}, body: path === '/large' ? large : Buffer.from('ok') })),
    );
    const client = await raw(serving);
    client.request(1, 'GET', '/large');
    await expect
      .poll(() => client.frames.some(({ type, stream }) => type === frameTypes.reset && stream === 1))
      .toBe(true);
    client.send(frameTypes.windowUpdate, 0, 0, window(1000));
    client.request(3, 'GET', '/small');
    await expect
      .poll(() => client.frames.filter((each) => each.type === frameTypes.data && each.stream === 3))
      .not.toEqual([]);
    tried('clients that take nothing');
  });

  it('is cut at once when too much waits for such clients, those first that wait longest', async () => {
    const limits = { ...quick, stallMs: 60_000, stalledBytes: 1024 * 1024 };
    const serving = await start(
      answers(async () => text('x'.repeat(200_000))),
      limits,
    );
    const client = await raw(serving, { 4: 0 });
    for (let stream = 1; stream < 40; stream += 2) client.request(stream, 'GET', '/');
    const cut = () => client.frames.filter((each) => each.type === frameTypes.reset).map((each) => each.stream);
    // 20 answers of 200 KB: five of them may wait.
    await expect.poll(cut).toEqual(Array.from({ length: 15 }, (_, i) => 2 * i + 1));
    tried('clients that take nothing', 20);
  });

  it('is cut over HTTP/1.1 too', async () => {
    let left = false;
    const body = async function* () {
      try {
        yield* endless();
      } finally {
        left = true;
      }
    };
    const serving = await start(answers(async () => ({ status: 200, headers: {}, body: body() })));
    await http1(serving, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', false);
    await expect.poll(() => left).toBe(true);
    tried('clients that take nothing');
  });
});

describe('a connection that does nothing', () => {
  it('is closed: without a handshake, without a request, without the rest of its headers', async () => {
    const serving = await start(answers(async () => text('ok')));
    const handshakes = await start(
      answers(async () => text('ok')),
      quickHandshake,
    );
    const silent = net.connect(handshakes.port, '127.0.0.1');
    silent.on('error', () => undefined).resume();
    const idle = await raw(serving);
    const old = await http1(serving, '');
    const slow = await http1(serving, 'GET / HTTP/1.1\r\nhost:');
    const dripping = setInterval(() => slow.socket.write(' '), 20);
    const kept = await http1(serving, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    try {
      await idle.whenClosed;
      for (const each of [silent, old.socket, slow.socket, kept.socket]) if (!each.closed) await once(each, 'close');
      expect(kept.text()).toContain('200 OK');
    } finally {
      clearInterval(dripping);
    }
    tried('connections that do nothing', 5);
  });

  it('may not finish its handshake once its time is over', async () => {
    const serving = await start(
      answers(async () => text('ok')),
      quickHandshake,
    );
    const plain = net.connect(serving.port, '127.0.0.1');
    plain.on('error', () => undefined);
    // Holds back what follows the client's first words until they are too old.
    let chunks = 0;
    const slow = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        chunks += 1;
        if (chunks === 1) plain.write(chunk);
        else setTimeout(() => plain.write(chunk), 700);
        done();
      },
    });
    plain.on('data', (chunk: Buffer) => slow.push(chunk)).on('close', () => slow.push(null));
    const client = tls.connect({ socket: slow, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    client.on('error', () => undefined);
    client.once('secureConnect', () => client.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'));
    if (!plain.closed) await once(plain, 'close');
    // The process is still there, and so is the server: an honest handshake may need more than one attempt on a busy machine.
    await expect
      .poll(async () => {
        const other = await raw(serving);
        other.request(1, 'GET', '/');
        await Promise.race([other.whenClosed, expect.poll(() => other.answered(1)).toBe(true)]);
        return other.statuses;
      })
      .toEqual([200]);
    tried('connections that do nothing');
  });

  it('stays while a watch on it has nothing to say', async () => {
    const serving = await start(
      answers(async () => ({
        status: 200,
        headers: {},
        body: (async function* () {
          yield Buffer.from('first');
          await new Promise((resolve) => setTimeout(resolve, 1200));
          yield Buffer.from('second');
        })(),
      })),
    );
    const client = await raw(serving);
    client.request(1, 'GET', '/');
    await expect.poll(() => client.dataBytes).toBe('firstsecond'.length);
  });

  it('takes the place of no other: one address has a share, and unfinished handshakes make room', async () => {
    const serving = await start(
      answers(async () => text('ok')),
      { connections: 50, handshakes: 4, handshakeMs: 60_000 },
    );
    const silent = Array.from({ length: 9 }, () => net.connect(serving.port, '127.0.0.1'));
    for (const each of silent) each.on('error', () => undefined);
    opened.push(...silent.map((each) => ({ close: () => each.destroy() })));
    await expect.poll(() => silent.filter((each) => each.closed).length).toBeGreaterThanOrEqual(5);
    // Still somebody gets in.
    const client = await raw(serving);
    client.request(1, 'GET', '/');
    await expect.poll(() => client.statuses).toEqual([200]);
    const more = Array.from({ length: 40 }, () => connectRaw(serving.port).catch(() => undefined));
    const got = (await Promise.all(more)).filter((each) => each !== undefined);
    opened.push(...got);
    expect(got.length).toBeLessThanOrEqual(10);
    tried('connections that do nothing', 49);
  });

  it('counts a network of IPv6 as one address, and IPv4 as itself in either form', () => {
    expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe(addressKey('2001:db8:1:2::1'));
    expect(addressKey('2001:db8:1:2::1')).not.toBe(addressKey('2001:db8:1:3::1'));
    expect(addressKey('::1')).toBe('0:0:0:0::/64');
    expect(addressKey('::ffff:192.0.2.1')).toBe(addressKey('192.0.2.1'));
  });
});

describe('a flood', () => {
  const floods: Readonly<Record<string, (client: RawHttp2, at: number) => void>> = {
    // CVE-2023-44487
    'requests that are reset at once': (client, at) => {
      client.request(2 * at + 1, 'GET', '/');
      client.send(frameTypes.reset, 0, 2 * at + 1, window(8));
    },
    // CVE-2019-9512, CVE-2019-9515
    pings: (client) => client.send(frameTypes.ping, 0, 0, Buffer.alloc(8)),
    settings: (client) => client.send(frameTypes.settings, 0, 0, settingsOf({ 4: 65_535 })),
  };

  it.each(Object.keys(floods))('of %s makes no other connection wait', async (kind) => {
    let asked = 0;
    const api = answers(async () => {
      asked += 1;
      return text('ok');
    });
    const serving = await start(api, {});
    const honest = await raw(serving);
    const hostile = await raw(serving);
    hostile.read(false);
    let sent = 0;
    for (let request = 1; request < 60; request += 2) {
      for (let i = 0; i < 1000 && !hostile.closed; i++) floods[kind]?.(hostile, sent++);
      honest.request(request, 'GET', '/');
      await expect.poll(() => honest.answered(request), { interval: 5 }).toBe(true);
    }
    // Of what is reset at once a burst is taken, and then the connection ends.
    if (kind.includes('reset')) {
      hostile.read(true);
      await hostile.whenClosed;
      expect(asked).toBeLessThan(3000);
    }
    tried('frames of a flood', sent);
  });

  it('of CONTINUATION frames ends its own connection', async () => {
    const serving = await start(
      answers(async () => text('ok')),
      {},
    );
    const hostile = await raw(serving);
    hostile.send(frameTypes.headers, flags.endStream, 1, literalField('a', 'b'));
    let sent = 0;
    for (; sent < 10_000 && !hostile.closed; sent++) {
      hostile.send(frameTypes.continuation, 0, 1, literalField(`x-${sent}`, 'c'.repeat(100)));
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await hostile.whenClosed;
    tried('frames of a flood', sent);
  });

  it('of streams on one connection gets a hundred of them', async () => {
    const serving = await start(answers(() => new Promise(() => undefined)));
    const hostile = await raw(serving);
    for (let stream = 1; stream < 400; stream += 2) hostile.request(stream, 'GET', '/');
    await expect
      .poll(() => hostile.closed || hostile.frames.filter((each) => each.type === frameTypes.reset).length >= 99)
      .toBe(true);
    tried('frames of a flood', 200);
  });
});

function window(bytes: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(bytes);
  return payload;
}

/** Whether a client's streams have windows for so many parts: what the server gave back counts. */
function maySend(client: RawHttp2, parts: number, bytes: number): boolean {
  const given = new Map<number, number>();
  for (const { type, stream, payload } of client.frames)
    if (type === frameTypes.windowUpdate) given.set(stream, (given.get(stream) ?? 0) + payload.readUInt32BE(0));
  for (let stream = 1; stream < 80; stream += 2)
    if (!client.answered(stream) && 256 * 1024 + (given.get(stream) ?? 0) < (parts + 1) * bytes) return false;
  return true;
}

interface Http1 {
  readonly socket: tls.TLSSocket;
  text(): string;
}

async function http1(serving: Serving, sent: string, reads = true): Promise<Http1> {
  const socket = tls.connect({
    port: serving.port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  let got = '';
  if (reads)
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1');
    });
  socket.write(sent);
  opened.push({ close: () => socket.destroy() });
  return { socket, text: () => got };
}

async function userToken(t: TestApi): Promise<string> {
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'user' } });
  await t.post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles', {
    metadata: { name: 'user' },
    rules: [{ verbs: ['create'], apiGroups: [''], resources: ['configmaps'] }],
  });
  await t.post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
    metadata: { name: 'user' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'user' },
    subjects: [{ kind: 'ServiceAccount', name: 'user', namespace: 'default' }],
  });
  const { body } = await t.post('/api/v1/namespaces/default/serviceaccounts/user/token', { spec: {} });
  return body.status.token;
}
