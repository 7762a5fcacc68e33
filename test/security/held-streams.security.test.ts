// What clients of exec, attach, log, port-forward and proxy may hold of the process and of a node: bytes that nobody takes, header blocks,
// streams.

import { EventEmitter } from 'node:events';
import net from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { serveConnect } from '../../agent/streams/connect.ts';
import { ByteQueue } from '../../core/node/byte-queue.ts';
import { frameDuplex } from '../../core/node/frame-duplex.ts';
import { channels, type FrameSocket, frame, frameSocket } from '../../core/node/frame-socket.ts';
import type { NodeStream } from '../../core/node/node-stream.ts';
import { SpdyConnection } from '../../core/node/spdy/connection.ts';
import { encodeFrame } from '../../core/node/spdy/frames.ts';
import { createHeaderCodec } from '../../core/node/spdy/header-codec.ts';
import type { SpdyStream } from '../../core/node/spdy/stream.ts';
import { createShares } from '../../core/process/shares.ts';
import { createAccount } from '../../functions/apiserver/streams/held-bytes.ts';
import { shareNodes } from '../../functions/apiserver/streams/node-shares.ts';
import { tried } from '../tools/tried.ts';

const mebibyte = 1024 * 1024;

/** A connection, and the peer's raw end of it. */
function spdyServer(account?: (bytes: number) => boolean) {
  const [near, far] = duplexPair();
  const streams: SpdyStream[] = [];
  const options = {
    transport: far,
    role: 'server',
    onStream: (stream: SpdyStream) => void streams.push(stream),
  } as const;
  const server = new SpdyConnection({ ...options, ...(account && { account }) });
  near.on('error', () => {}).resume();
  return { near, server, streams };
}

async function synStream(id: number, headers: Record<string, string>, codec = createHeaderCodec()): Promise<Buffer> {
  const block = await codec.encode(headers);
  const rest = { associatedTo: 0, priority: 0, fin: false, unidirectional: false };
  return encodeFrame({ type: 'synStream', streamId: id, ...rest, block });
}

describe('a header block of SPDY', () => {
  it('is refused when it grows, or has more headers than anybody sends', async () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`h${i}`, '']));
    for (const headers of [{ long: 'a'.repeat(16 * 1024) }, { long: 'a'.repeat(50 * mebibyte) }, many]) {
      const { near, server, streams } = spdyServer();
      near.write(await synStream(1, headers));
      await server.closed;
      expect(streams).toEqual([]);
      tried('header blocks that grow');
    }
    const { near, streams } = spdyServer();
    near.write(await synStream(1, { streamtype: 'data', port: '80', requestid: '1' }));
    await expect.poll(() => streams.length).toBe(1);
    near.destroy();
  });
});

describe('what lies unread', () => {
  it('in all streams of a SPDY connection is counted, let go of when it is read, and ends the connection where there is no room', async () => {
    const shares = createShares(4 * mebibyte);
    const { near, server, streams } = spdyServer(createAccount(shares, 'mallory'));
    const codec = createHeaderCodec();
    let over = false;
    void server.closed.then(() => {
      over = true;
    });
    let highest = 0;
    for (let id = 1; id < 200 && !over; id += 2) {
      near.write(await synStream(id, { streamtype: 'error', requestid: String(id) }, codec));
      near.write(encodeFrame({ type: 'data', streamId: id, fin: false, data: Buffer.alloc(100 * 1024) }));
      await new Promise((resolve) => setImmediate(resolve));
      highest = Math.max(highest, shares.used);
      tried('streams that nobody reads');
    }
    await server.closed;
    expect(streams.length).toBeLessThan(12);
    expect(highest).toBeGreaterThan(0);
    expect(highest).toBeLessThanOrEqual(mebibyte);
    expect(shares.used).toBe(0);

    const reading = spdyServer(createAccount(shares, 'alice'));
    let read = 0;
    const other = createHeaderCodec();
    for (let id = 1; id < 200; id += 2) {
      reading.near.write(await synStream(id, { streamtype: 'data' }, other));
      reading.near.write(encodeFrame({ type: 'data', streamId: id, fin: true, data: Buffer.alloc(100 * 1024) }));
      await expect.poll(() => reading.streams.length, { interval: 1 }).toBe((id + 1) / 2);
      for await (const chunk of reading.streams.at(-1)?.data ?? []) read += chunk.length;
    }
    expect(read).toBe(100 * 100 * 1024);
    expect(shares.used).toBe(0);
    reading.near.destroy();
  });

  it('of a WebSocket is counted, the parts of a message that never ends too, and it is cut where there is no room', () => {
    const shares = createShares(4 * mebibyte);
    const account = createAccount(shares, 'mallory');
    const { socket, state } = fakeSocket();
    const received = new Duplex({ read() {}, write: (_, __, done) => done() });
    frameSocket(socket, { received, account });
    received.on('data', () => {});
    for (let i = 0; i < 64 && !state.terminated; i++) received.emit('data', Buffer.alloc(64 * 1024));
    tried('messages that never end');
    expect(state.terminated).toBe(true);
    expect(shares.used).toBeLessThanOrEqual(mebibyte);
    state.events.emit('close');
    expect(shares.used).toBe(0);
  });

  it('of a large message is handed on in parts, each with its channel', async () => {
    const { socket, state } = fakeSocket();
    const { frames } = frameSocket(socket);
    const message = Buffer.alloc(mebibyte + 12, 'abcd');
    state.events.emit('message', frame(channels.stdin, message));
    state.events.emit('close');
    const parts: Uint8Array[] = [];
    for await (const each of frames) parts.push(each);
    expect(parts.every((each) => each[0] === channels.stdin && each.length <= 64 * 1024 + 1)).toBe(true);
    expect(Buffer.concat(parts.map((each) => each.subarray(1))).equals(message)).toBe(true);
  });
});

interface FakeState {
  readonly events: EventEmitter;
  terminated: boolean;
}

/** What frameSocket asks of one. */
function fakeSocket(): { socket: WebSocket; state: FakeState } {
  const events = new EventEmitter();
  const state: FakeState = { events, terminated: false };
  const own = {
    isPaused: false,
    readyState: 1,
    OPEN: 1,
    on: (name: string, listener: () => void) => void events.on(name, listener),
    once: (name: string, listener: () => void) => void events.once(name, listener),
    pause() {
      own.isPaused = true;
    },
    resume() {
      own.isPaused = false;
    },
    terminate() {
      state.terminated = true;
    },
  };
  // as: nothing else of it is used here.
  return { socket: own as unknown as WebSocket, state };
}

function nodeStream(frames = new ByteQueue(1024)): NodeStream & { closed: number } {
  return {
    frames,
    send: () => Promise.resolve(),
    deserted: () => frames.deserted(50),
    closed: 0,
    close() {
      this.closed += 1;
      frames.end();
    },
  };
}

describe('streams of a node', () => {
  it('are shared out among the users that they are for, and given back when they end, however that is', async () => {
    let fails = false;
    const open = async () => {
      if (fails) throw new Error('the node is away');
      return nodeStream();
    };
    const shares = shareNodes({ open }, 40);
    const request = { type: 'node' } as const;
    const held: NodeStream[] = [];
    for (;;) {
      tried('streams above a share');
      const stream = await shares
        .of('mallory')
        .open('n1', request)
        .catch((error: unknown) => error);
      if (stream instanceof Error) {
        expect(stream).toMatchObject({ code: 429, reason: 'TooManyRequests' });
        break;
      }
      held.push(stream as NodeStream);
    }
    expect(held.length).toBe(8);
    // Others have theirs, and on other nodes there is room.
    held.push(await shares.of('alice').open('n1', request));
    held.push(await shares.of('mallory').open('n2', request));
    for (const each of held) {
      each.close();
      each.close();
    }
    fails = true;
    for (let i = 0; i < 100; i++) await expect(shares.of('mallory').open('n1', request)).rejects.toThrow('away');
    fails = false;
    for (let i = 0; i < 8; i++) await shares.of('mallory').open('n1', request);
    await expect(shares.of('mallory').open('n1', request)).rejects.toMatchObject({ code: 429 });
  });
});

describe('a stream whose peer has gone while nobody takes what it sent', () => {
  const servers: net.Server[] = [];
  afterEach(() => {
    for (const each of servers.splice(0)) each.close();
  });

  it('is given up by the node', async () => {
    const accepted: net.Socket[] = [];
    const server = net.createServer((socket) => void accepted.push(socket.pause().on('error', () => {})));
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    const frames = new ByteQueue(64 * 1024);
    const peer: FrameSocket = {
      frames,
      send: () => Promise.resolve(),
      deserted: () => frames.deserted(200),
      close: () => frames.end(),
    };
    // as: a server that listens on a port has one.
    const { port } = server.address() as net.AddressInfo;
    const serving = serveConnect('127.0.0.1', port, peer);
    for (let i = 0; i < 1000; i++) frames.push(frame(channels.stdin, Buffer.alloc(64 * 1024)));
    await expect.poll(() => accepted.length).toBe(1);
    tried('streams that were left full');
    frames.end();
    await serving;
    for (const each of accepted) each.destroy();
  });

  it('is not given up while somebody takes some of it', async () => {
    const stream = nodeStream();
    const duplex = frameDuplex(stream);
    // as: what nodeStream made them of.
    const frames = stream.frames as ByteQueue;
    for (let i = 0; i < 10; i++) frames.push(frame(channels.stdin, Buffer.alloc(1000)));
    frames.end();
    let read = 0;
    for await (const chunk of duplex as AsyncIterable<Buffer>) {
      read += chunk.length;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(read).toBe(10_000);
  });
});
