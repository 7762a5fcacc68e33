// Streams of pods: a node answers those that it was asked for, and no other's; what it sends cannot fill the control plane's memory.

import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from '../../../core/node/byte-queue.ts';
import type { DialRequest } from '../../../core/node/protocol.ts';
import { packFrames, unpackFrames } from '../../../core/node/relay.ts';
import { SpdyConnection } from '../../../core/node/spdy/connection.ts';
import { encodeFrame } from '../../../core/node/spdy/frames.ts';
import { createHeaderCodec } from '../../../core/node/spdy/header-codec.ts';
import type { SpdyStream } from '../../../core/node/spdy/stream.ts';
import { createLocalQueue } from '../../../core/queue/local/local-queue.ts';
import { fuzzRuns } from '../../../test/tools/fuzz-runs.ts';
import { tried } from '../../../test/tools/tried.ts';
import { createBroker } from './broker.ts';

const request = { method: 'GET', path: '/', query: '', headers: {} };
const connection = { socket: new Duplex({ read() {}, write: (_, __, done) => done() }), head: Buffer.alloc(0) };

describe('a stream', () => {
  it('is served by the node that was asked, under an id that nobody guesses', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const broker = createBroker({ queue, dialTimeoutMs: 300 });
    const ids = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const opened = broker.open('n1', { type: 'node' });
      const failed = expect(opened).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
      const [message] = await queue.receive('node-n1', { waitSeconds: 1, max: 1 });
      await queue.acknowledge('node-n1', [message?.receipt ?? '']);
      // as: what the broker sent.
      const { id } = JSON.parse(message?.body ?? '') as DialRequest;
      expect(await queue.receive('node-n2', { waitSeconds: 0, max: 1 })).toEqual([]);
      for (const [node, guess] of [
        ['n2', id],
        ['n1', id.slice(0, -1)],
        ['n1', ''],
        ['', id],
        ['n1', '__proto__'],
      ] as const) {
        await expect(broker.accept(node, guess, request, connection)).rejects.toMatchObject({ code: 404 });
        tried("dial-ins for another's stream");
      }
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      ids.add(id);
      await failed;
      // Nobody waits any more.
      await expect(broker.accept('n1', id, request, connection)).rejects.toMatchObject({ code: 404 });
    }
    expect(ids.size).toBe(20);
  });

  it('counts what many small frames take beside their bytes', () => {
    const queue = new ByteQueue(256 * 1024);
    let frames = 0;
    for (; !queue.full; frames++) queue.push(new Uint8Array(1));
    expect(frames).toBeLessThan(3000);
  });

  it('of posts takes batches of frames, and fails on others', async () => {
    const honest = await packFrames([Buffer.from([1, 2, 3]), Buffer.alloc(1000)]);
    const batch = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.tuple(fc.nat(honest.length - 1), fc.nat(255)).map(([at, byte]) => {
        const copy = Buffer.from(honest);
        copy[at] = byte;
        return copy;
      }),
    );
    await fc.assert(
      fc.asyncProperty(batch, async (bytes) => {
        const frames = await unpackFrames(bytes).catch((error: unknown) => error);
        expect(Array.isArray(frames) || frames instanceof Error).toBe(true);
        tried('batches of a hostile node');
      }),
      { numRuns: fuzzRuns(300) },
    );
    const bomb = await packFrames([Buffer.alloc(50_000_000)]);
    expect(bomb.length).toBeLessThan(100_000);
    await expect(unpackFrames(bomb)).rejects.toThrow();
  });
});

describe('a SPDY peer', () => {
  it('that shows windows and keeps none is not read beyond what the reader takes', async () => {
    const { transport, sent } = pushed();
    const streams: SpdyStream[] = [];
    const peer = new SpdyConnection({ transport, role: 'server', onStream: (stream) => streams.push(stream) });
    const codec = createHeaderCodec();
    const block = await codec.encode({ a: 'b' });
    transport.push(encodeFrame({ type: 'settings', entries: [{ id: 7, value: 64 * 1024 }] }));
    transport.push(
      encodeFrame({
        type: 'synStream',
        streamId: 1,
        associatedTo: 0,
        priority: 0,
        fin: false,
        unidirectional: false,
        block,
      }),
    );
    await expect.poll(() => streams.length).toBe(1);
    const data = encodeFrame({ type: 'data', streamId: 1, fin: false, data: Buffer.alloc(64 * 1024) });
    let pushes = 0;
    // As a socket does it: until the reader is behind.
    for (; pushes < 1000 && transport.readableLength < 2 * data.length; pushes++) {
      transport.push(data);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(pushes).toBeLessThan(100);
    expect(sent()).toBeLessThan(10_000);
    tried('frames of a hostile node', pushes + 2);
    peer.destroy();
    codec.close();
  });

  it('that sends anything ends with its connection, and with nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }), async (chunks) => {
        const { transport } = pushed();
        const peer = new SpdyConnection({ transport, role: 'server', onStream: () => {} });
        // A control frame of version 3 of some kind, with anything in it.
        for (const chunk of chunks) {
          const head = Buffer.from([0x80, 3, 0, (chunk[0] ?? 0) % 12, chunk[1] ?? 0, 0, 0, chunk.length]);
          transport.push(Buffer.concat([head, chunk]));
          tried('frames of a hostile node');
        }
        transport.push(null);
        await peer.closed;
      }),
      { numRuns: fuzzRuns(200) },
    );
  });
});

/** A transport whose other end is the test. */
function pushed(): { transport: Duplex; sent: () => number } {
  let bytes = 0;
  const transport = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  return { transport, sent: () => bytes };
}
