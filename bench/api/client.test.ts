import { once } from 'node:events';
import http2, { type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import tls from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestAuthority, type Pair, type TestAuthority } from '../../functions/apiserver/testing/certificates.ts';
import { type Client, connect } from './client.ts';

let authority: TestAuthority;
let pair: Pair;
const closing: (() => void)[] = [];

beforeAll(async () => {
  authority = await createTestAuthority();
  pair = await authority.server();
});
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void;

/** nghttp2, as node:http2 has it, and a client of it with one connection. */
async function start(answer: Answer, options: http2.SecureServerOptions = {}) {
  const server = http2.createSecureServer({ ...pair, ...options });
  server.on('stream', answer);
  const opened = once(server, 'session');
  const client = await connect(await listen(server), 1);
  // as: what this event gives.
  const [session] = (await opened) as [ServerHttp2Session];
  closing.push(() => session.destroy());
  return { client, session };
}

async function listen(server: Server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  // as: of a TCP server that listens.
  const { port } = server.address() as AddressInfo;
  return { server: `https://127.0.0.1:${port}`, token: 'secret', insecure: false, ca: authority.cert };
}

/** Answers with the request's body, once all of it is there. */
const echo: Answer = async (stream) => {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  stream.respond({ ':status': 200 });
  stream.end(Buffer.concat(parts));
};

const text = (bytes: number) => 'what is sent, again and again. '.repeat(bytes / 30 + 1).slice(0, bytes);

describe('a client', () => {
  it.each([
    ['as they are', {}],
    ['padded', { paddingStrategy: http2.constants.PADDING_STRATEGY_MAX }],
    ['with larger frames and no header table', { settings: { maxFrameSize: 1 << 20, headerTableSize: 0 } }],
    ['with small windows', { settings: { initialWindowSize: 10_000 } }],
  ])('takes bodies of any size both ways, %s', async (_, options) => {
    const { client } = await start(echo, options);
    for (const bytes of [0, 1, 20_000, 3_000_000]) {
      const found = await client.send('POST', '/', text(bytes));
      expect(found.toString() === text(bytes), `${bytes} bytes`).toBe(true);
    }
  });

  it('keeps answers apart that come at the same time', async () => {
    const { client } = await start(echo);
    const bodies = Array.from({ length: 64 }, (_, i) => `${i} ${text(i * 1000)}`);
    const found = await Promise.all(bodies.map((body) => client.send('PUT', '/', body)));
    expect(found.map(String)).toEqual(bodies);
  });

  it('says who asks for what', async () => {
    const { client } = await start((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(JSON.stringify(headers));
    });
    const path = `/api/v1/namespaces/a/configmaps?labelSelector=${'x'.repeat(300)}`;
    const common = { ':scheme': 'https', ':path': path, authorization: 'Bearer secret', accept: 'application/json' };
    const asked = async (...of: Parameters<Client['send']>) => JSON.parse((await client.send(...of)).toString());
    const get = await asked('GET', path);
    expect(get).toMatchObject({
      ...common,
      ':method': 'GET',
      ':authority': expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    });
    expect(get).not.toHaveProperty('content-type');
    expect(await asked('POST', path, '{}')).toMatchObject({ ':method': 'POST', 'content-type': 'application/json' });
    const type = 'application/apply-patch+yaml';
    expect(await asked('PATCH', path, '{}', type)).toMatchObject({ ':method': 'PATCH', 'content-type': type });
  });

  it('sends fields that are larger than a frame', async () => {
    const { client } = await start((stream, headers) => {
      stream.respond({ ':status': 200 });
      stream.end(String(headers[':path']?.length));
    });
    expect((await client.send('GET', `/${'x'.repeat(40_000)}`)).toString()).toBe('40001');
  });

  it('reads a status in front of fields that are larger than a frame', async () => {
    const { client } = await start((stream) => {
      stream.respond({ ':status': 201, 'x-large': '~'.repeat(50_000) });
      stream.end('made');
    });
    expect((await client.send('POST', '/', '{}')).toString()).toBe('made');
  });

  it.each([301, 404, 409, 422, 500, 503])('throws what was answered instead of 2xx: %d', async (status) => {
    const { client } = await start((stream) => {
      stream.respond({ ':status': status });
      stream.end('{"reason":"Because"}');
    });
    await expect(client.send('PUT', '/x', '{}')).rejects.toThrow(`PUT /x answered ${status}: {"reason":"Because"}`);
  });

  it('has no more streams at once than the server takes', async () => {
    let open = 0;
    let most = 0;
    const answer: Answer = (stream) => {
      most = Math.max(most, ++open);
      setImmediate(() => {
        open--;
        stream.respond({ ':status': 200 });
        stream.end();
      });
    };
    const { client } = await start(answer, { settings: { maxConcurrentStreams: 3 } });
    await Promise.all(Array.from({ length: 20 }, () => client.send('GET', '/')));
    expect(most).toBe(3);
  });

  it('answers pings', async () => {
    const { session } = await start(echo);
    await expect(
      new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve('answered')))),
    ).resolves.toBe('answered');
  });

  it('fails a request whose stream is reset, and only that', async () => {
    const { client } = await start((stream, headers) => {
      stream.on('error', () => {});
      if (headers[':path'] === '/reset') stream.close(http2.constants.NGHTTP2_REFUSED_STREAM);
      else void echo(stream, headers);
    });
    const good = client.send('POST', '/', 'good');
    await expect(client.send('GET', '/reset')).rejects.toThrow('the server reset the stream: REFUSED_STREAM');
    expect((await good).toString()).toBe('good');
  });
});

describe('a server that goes away', () => {
  const waiting: ServerHttp2Stream[] = [];
  let two: Promise<void>;
  let client: Client;
  let session: ServerHttp2Session;
  beforeEach(async () => {
    waiting.length = 0;
    const arrived = Promise.withResolvers<void>();
    two = arrived.promise;
    ({ client, session } = await start((stream) => {
      stream.on('error', () => {});
      if (waiting.push(stream) === 2) arrived.resolve();
    }));
  });

  it('answers what it has taken, and is asked no more', async () => {
    const asked = [client.send('GET', '/1'), client.send('GET', '/2')];
    await two;
    session.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 0, Buffer.from('too much'));
    await new Promise((resolve) => session.ping(resolve));
    await expect(client.send('GET', '/3')).rejects.toThrow('the server goes away: ENHANCE_YOUR_CALM, too much');
    for (const stream of waiting) {
      stream.respond({ ':status': 200 });
      stream.end('still');
    }
    expect((await Promise.all(asked)).map(String)).toEqual(['still', 'still']);
  });

  it('fails what it has not taken', async () => {
    const asked = [client.send('GET', '/1'), client.send('GET', '/2')];
    await two;
    session.goaway(http2.constants.NGHTTP2_NO_ERROR, 1);
    await expect(asked[1]).rejects.toThrow('the server goes away: NO_ERROR');
    waiting[0]?.respond({ ':status': 200 });
    waiting[0]?.end('still');
    expect(String(await asked[0])).toBe('still');
  });

  it('fails all that waits when its connection ends', async () => {
    const asked = [client.send('GET', '/1'), client.send('GET', '/2')].map((each) => each.catch(() => 'failed'));
    await two;
    session.destroy();
    expect(await Promise.all(asked)).toEqual(['failed', 'failed']);
    await expect(client.send('GET', '/3')).rejects.toThrow();
  });

  it('is waited for by a client that closes', async () => {
    const asked = [client.send('GET', '/1'), client.send('GET', '/2')];
    await two;
    const closed = once(session, 'close');
    client.close();
    for (const stream of waiting) {
      stream.respond({ ':status': 200 });
      stream.end('last');
    }
    expect((await Promise.all(asked)).map(String)).toEqual(['last', 'last']);
    await closed;
    await expect(client.send('GET', '/3')).rejects.toThrow('the connection is closed');
  });
});

describe('a watch', () => {
  it('calls for each line, however they are cut, until it is stopped', async () => {
    const taken = Promise.withResolvers<ServerHttp2Stream>();
    const { client } = await start((stream) => {
      stream.respond({ ':status': 200 });
      stream.on('error', () => {});
      taken.resolve(stream);
    });
    const lines: string[] = [];
    const watch = await client.watch('/watch', (line) => lines.push(line));
    const stream = await taken.promise;
    const bytes = Buffer.from('one\ntwo\n\ndrei für\nrest');
    for (const byte of bytes) {
      stream.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => lines).toEqual(['one', 'two', '', 'drei für']);
    stream.write(' of it\nfour\nfive\n');
    await expect.poll(() => lines.slice(4)).toEqual(['rest of it', 'four', 'five']);
    const ended = once(stream, 'close');
    watch.stop();
    await ended;
    expect(stream.rstCode).toBe(http2.constants.NGHTTP2_CANCEL);
  });

  it('rejects where it is not answered 200', async () => {
    const { client } = await start((stream) => {
      stream.respond({ ':status': 410 });
      stream.end('{}');
    });
    await expect(client.watch('/gone', () => {})).rejects.toThrow('the watch of /gone was answered 410');
  });
});

describe('connecting', () => {
  it('rejects where nobody listens, where the authority is another, and where there is no HTTP/2', async () => {
    const other = tls.createServer(pair);
    const target = await listen(other);
    await expect(connect(target, 1)).rejects.toThrow('does not speak HTTP/2');
    const { ca: _, ...strange } = target;
    await expect(connect(strange, 1)).rejects.toThrow('certificate');
    other.close();
    await once(other, 'close');
    await expect(connect(target, 2)).rejects.toThrow('ECONNREFUSED');
  });

  it('takes any certificate where it is told to', async () => {
    const server = http2.createSecureServer(pair);
    server.on('stream', echo);
    const { ca: _, ...target } = await listen(server);
    const client = await connect({ ...target, insecure: true }, 1);
    expect((await client.send('POST', '/', 'any')).toString()).toBe('any');
    client.close();
  });
});
