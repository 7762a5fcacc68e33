import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { SpdyConnection } from './connection.ts';
import { encodeFrame } from './frames.ts';
import { createHeaderCodec } from './header-codec.ts';
import { type SpdyStream, SpdyStreamError } from './stream.ts';

const open: SpdyConnection[] = [];

afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
});

function connect(onStream: (stream: SpdyStream) => void) {
  const [near, far] = duplexPair();
  const client = new SpdyConnection({ transport: near, role: 'client' });
  const server = new SpdyConnection({ transport: far, role: 'server', onStream });
  open.push(client, server);
  return { client, server };
}

async function textOf(stream: SpdyStream): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.data) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function echo(stream: SpdyStream): Promise<void> {
  for await (const chunk of stream.data) await stream.write(chunk);
  stream.end();
}

describe('a SPDY connection', () => {
  it('carries streams with their headers, and half-closes each', async () => {
    const seen: SpdyStream[] = [];
    const { client } = connect((stream) => {
      seen.push(stream);
      void echo(stream);
    });
    const streams = await Promise.all(
      ['stdin', 'stdout', 'error'].map((streamtype) => client.openStream({ streamtype, port: '80' })),
    );
    expect(seen.map(({ headers }) => headers)).toEqual(streams.map(({ headers }) => headers));
    await Promise.all(
      streams.map(async (stream, i) => {
        await stream.write(Buffer.from(`text ${i}`));
        stream.end();
        expect(await textOf(stream)).toBe(`text ${i}`);
      }),
    );
  });

  it('loses nothing of a megabyte that the other end takes slowly', async () => {
    const { client } = connect((stream) => void echo(stream));
    const stream = await client.openStream({});
    const sent = Buffer.alloc(1 << 20, 'abcdefg');
    void stream.write(sent).then(() => stream.end());
    expect((await textOf(stream)) === sent.toString()).toBe(true);
  });

  it('answers pings', async () => {
    const { client, server } = connect(() => {});
    await client.ping();
    await server.ping();
  });

  it('tells a reset to who reads and who writes', async () => {
    const { client } = connect((stream) => stream.reset());
    const stream = await client.openStream({});
    await expect(textOf(stream)).rejects.toThrow(SpdyStreamError);
    await expect(stream.write(Buffer.from('x'))).rejects.toThrow(SpdyStreamError);
  });

  it('opens a stream that it says nothing on', async () => {
    const { client } = connect(async (stream) => {
      await stream.write(Buffer.from(`heard ${await textOf(stream)}.`));
      stream.end();
    });
    const stream = await client.openStream({}, { fin: true });
    expect(await textOf(stream)).toBe('heard .');
    await expect(stream.write(Buffer.from('x'))).rejects.toThrow('the stream has ended');
  });

  it('refuses streams where nobody takes them', async () => {
    const { server } = connect(() => {});
    await expect(server.openStream({})).rejects.toThrow(SpdyStreamError);
  });

  it('fails its streams when the transport goes', async () => {
    const { client, server } = connect(() => {});
    const stream = await client.openStream({});
    const reading = textOf(stream);
    server.destroy();
    await expect(reading).rejects.toThrow(SpdyStreamError);
    await client.closed;
  });

  it('sends no more than the window of a peer that keeps windows', async () => {
    const [near, far] = duplexPair();
    const codec = createHeaderCodec();
    const client = new SpdyConnection({ transport: near, role: 'client' });
    open.push(client);
    far.write(encodeFrame({ type: 'settings', entries: [{ id: 7, value: 10 }] }));
    const opening = client.openStream({});
    far.write(encodeFrame({ type: 'synReply', streamId: 1, fin: false, block: await codec.encode({}) }));
    const stream = await opening;
    const written = stream.write(Buffer.from('0123456789abcdef'));
    await expect.poll(() => received(far)).toContain('0123456789');
    expect(received(far)).not.toContain('abc');
    far.write(encodeFrame({ type: 'windowUpdate', streamId: 1, delta: 100 }));
    await written;
    await expect.poll(() => received(far)).toContain('abcdef');
    codec.close();
  });

  it('ends over bytes that are no SPDY', async () => {
    const [near, far] = duplexPair();
    const client = new SpdyConnection({ transport: near, role: 'client' });
    far.resume();
    far.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    await client.closed;
    await expect(client.openStream({})).rejects.toThrow(SpdyStreamError);
  });
});

const seenBytes = new WeakMap<Duplex, Buffer>();

/** Everything that arrived so far, as Latin-1. */
function received(transport: Duplex): string {
  const more: Buffer = transport.read() ?? Buffer.alloc(0);
  const all = Buffer.concat([seenBytes.get(transport) ?? Buffer.alloc(0), more]);
  seenBytes.set(transport, all);
  return all.toString('latin1');
}
