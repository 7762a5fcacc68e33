import { createHash, randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { frame } from '../frame-socket.ts';
import type { StreamRequest } from '../protocol.ts';
import { type ChannelSocket, channelSocket } from './channel-socket.ts';
import { createSealer } from './seal.ts';

const request: StreamRequest = { type: 'portforward', namespace: 'n', pod: 'p', uid: 'u', port: 80 };
const times = { comeMs: 5_000, goneMs: 8_000, brokenMs: 300 };

/** What becomes of a message: after how many milliseconds it comes, perhaps more than once. */
type Fate = () => readonly number[];

const sockets: ChannelSocket[] = [];
afterEach(() => {
  for (const each of sockets.splice(0)) each.fail('the test is over');
});

function pair(fate: Fate, onMessage: (text: string) => void = () => undefined) {
  const secret = randomBytes(32);
  const make = (end: 'client' | 'node', other: () => ChannelSocket): ChannelSocket => {
    const socket = channelSocket({
      sealer: createSealer({ secret, id: 'id', request, end }),
      other: `the ${end === 'client' ? 'node' : 'client'}`,
      post(text) {
        onMessage(text);
        for (const ms of fate()) setTimeout(() => other().take(text), ms);
      },
      mayPost: () => true,
      onOver: () => undefined,
      times,
    });
    sockets.push(socket);
    socket.resume();
    return socket;
  };
  const client: ChannelSocket = make('client', () => node);
  const node: ChannelSocket = make('node', () => client);
  return { client, node };
}

async function readAll(socket: ChannelSocket) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const each of socket.frames) {
    if (each[0] === 255) break;
    hash.update(each.subarray(1));
    bytes += each.length - 1;
  }
  return { bytes, sum: hash.digest('hex') };
}

async function writeAll(socket: ChannelSocket, data: Buffer, pieceBytes: number) {
  for (let at = 0; at < data.length; at += pieceBytes) await socket.send(frame(0, data.subarray(at, at + pieceBytes)));
  await socket.send(frame(255));
}

const sumOf = (data: Buffer) => createHash('sha256').update(data).digest('hex');

describe('a stream over the channel', () => {
  it.each([
    ['in order', () => [2]],
    ['reordered', () => [Math.random() * 30]],
    ['doubled', () => [Math.random() * 10, Math.random() * 30]],
    ['lost now and then', () => (Math.random() < 0.1 ? [] : [Math.random() * 10])],
  ] as const)('loses, doubles and swaps no byte where messages are %s', { timeout: 60_000 }, async (_, fate) => {
    const { client, node } = pair(fate);
    const [up, down] = [randomBytes(700_000), randomBytes(500_000)];
    const [gotUp, gotDown] = await Promise.all([
      readAll(client),
      readAll(node),
      writeAll(node, up, 9_001),
      writeAll(client, down, 100_003),
    ]);
    expect(gotUp).toEqual({ bytes: up.length, sum: sumOf(up) });
    expect(gotDown).toEqual({ bytes: down.length, sum: sumOf(down) });
  });

  it('brings all that was sent before it was closed, to a reader that is slow', { timeout: 60_000 }, async () => {
    const { client, node } = pair(() => [1]);
    const data = randomBytes(900_000);
    const written = (async () => {
      for (let at = 0; at < data.length; at += 20_000) await node.send(frame(0, data.subarray(at, at + 20_000)));
      node.close();
    })();
    let bytes = 0;
    for await (const each of client.frames) {
      bytes += each.length - 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await written;
    expect(bytes).toBe(data.length);
  });

  it('is never further ahead of its reader than a window', { timeout: 60_000 }, async () => {
    const { client, node } = pair(() => [1]);
    let sent = 0;
    const write = async () => {
      for (;;) {
        await node.send(frame(1, Buffer.alloc(30_000)));
        sent += 30_000;
      }
    };
    void write().catch(() => undefined);
    let before = -1;
    await expect
      .poll(
        () => {
          const stands = sent === before;
          before = sent;
          return stands && sent > 0;
        },
        { interval: 1000, timeout: 30_000 },
      )
      .toBe(true);
    expect(sent).toBeLessThan(2 * 1024 * 1024);
    // And goes on when it is read.
    const frames = client.frames[Symbol.asyncIterator]();
    while (sent < 4 * 1024 * 1024) await frames.next();
  });

  it('fails when the other end is not heard any more, and says so', { timeout: 60_000 }, async () => {
    let alive = true;
    const { client, node } = pair(() => (alive ? [1] : []));
    const frames = client.frames[Symbol.asyncIterator]();
    await node.send(frame(1, 'begun'));
    await frames.next();
    alive = false;
    await expect(frames.next()).rejects.toThrow('the node was not heard of any more');
  });

  it('fails soon when the other end’s connection is gone and it does not come again', { timeout: 60_000 }, async () => {
    const { client, node } = pair(() => [1]);
    const frames = client.frames[Symbol.asyncIterator]();
    await node.send(frame(1, 'begun'));
    await frames.next();
    node.pause();
    client.broken();
    await expect(frames.next()).rejects.toThrow('the node was not heard of any more');
  });

  it('fails when nobody comes', { timeout: 60_000 }, async () => {
    const { client } = pair(() => []);
    await expect(client.frames[Symbol.asyncIterator]().next()).rejects.toThrow('the node did not answer within 5 s');
  });

  it('says little while nothing happens, and one message for a keystroke', { timeout: 60_000 }, async () => {
    let messages = 0;
    const { client, node } = pair(
      () => [1],
      () => {
        messages += 1;
      },
    );
    const echo = async () => {
      for await (const each of node.frames) await node.send(frame(1, each.subarray(1)));
    };
    echo().catch(() => undefined);
    const frames = client.frames[Symbol.asyncIterator]();
    for (let i = 0; i < 20; i++) {
      await client.send(frame(0, 'x'));
      await frames.next();
    }
    // Each keystroke, its echo, and now and then a word that it came.
    expect(messages).toBeLessThan(70);
  });
});
