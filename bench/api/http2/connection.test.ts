import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Connection } from './connection.ts';
import { dataFrames, FrameReader, headersFrames, preface, settingsFrame } from './frames.ts';
import { literal, method, names } from './hpack.ts';

/** A connection whose server is the test. */
function open() {
  const writes: Buffer[] = [];
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      writes.push(chunk);
      done();
    },
  });
  const connection = new Connection(socket);
  const block = [method('GET'), literal(names.path, '/')];
  return {
    connection,
    writes,
    socket,
    ask: (body?: Buffer) =>
      new Promise<string>((resolve, reject) => {
        const seen: unknown[] = [];
        connection.request(block, body, {
          status: (status) => void seen.push(status),
          data: (part) => void seen.push(part.length),
          end: () => resolve(seen.join(' ')),
          fail: reject,
        });
      }),
    async say(...frames: Buffer[]) {
      socket.push(Buffer.concat(frames));
      await turn();
    },
  };
}

/** Frames of a client's write, by name and stream. */
function framesIn(write: Buffer | undefined): string[] {
  const out: string[] = [];
  const reader = new FrameReader({
    data: (id, part, _, end) => void out.push(`data ${id} ${part.length}${end ? ' end' : ''}`),
    headers: (id, _, end) => void out.push(`headers ${id}${end ? ' end' : ''}`),
    reset: (id, code) => void out.push(`reset ${id} ${code}`),
    settings: (settings) => void out.push(`settings ${settings.join(' ')}`),
    ping: () => {},
    goAway: (last, code) => void out.push(`goAway ${last} ${code}`),
    windowUpdate: (id, increment) => void out.push(`window ${id} ${increment}`),
  });
  reader.push(write ?? Buffer.alloc(0));
  return out;
}

const answered = (id: number, end = true) => headersFrames(id, [Buffer.of(0x88)], end, 16_384);
const serverSettings = settingsFrame([]);
const mebibyte = 1 << 20;

describe('a connection', () => {
  it('begins with its preface, no table, no push, and wide windows', async () => {
    const { writes } = open();
    await turn();
    expect(writes[0]?.subarray(0, preface.length)).toEqual(preface);
    expect(framesIn(writes[0]?.subarray(preface.length))).toEqual([
      `settings 1,0 2,0 4,${16 * mebibyte}`,
      `window 0 ${16 * mebibyte - 65_535}`,
    ]);
  });

  it('writes once what was asked in one turn, and once what was asked on the answers of one', async () => {
    const { ask, say, writes } = open();
    await say(serverSettings);
    writes.length = 0;
    const loops = Array.from({ length: 3 }, async () => {
      await ask();
      // As many steps as a caller likes.
      await Promise.resolve().then(() => {});
      await ask();
    });
    await turn();
    expect(writes.map(framesIn)).toEqual([['headers 1 end', 'headers 3 end', 'headers 5 end']]);
    await say(...answered(1), ...answered(3), ...answered(5));
    expect(writes.slice(1).map(framesIn)).toEqual([['headers 7 end', 'headers 9 end', 'headers 11 end']]);
    await say(...answered(7), ...answered(9), ...answered(11));
    await Promise.all(loops);
  });

  it('sends of a body what the windows allow, the rest as they open', async () => {
    const { ask, say, writes } = open();
    await say(serverSettings);
    writes.length = 0;
    void ask(Buffer.alloc(70_000));
    void ask(Buffer.alloc(5)).catch(() => {});
    await turn();
    expect(framesIn(writes[0])).toEqual([
      'headers 1',
      ...['data 1 16384', 'data 1 16384', 'data 1 16384', 'data 1 16383'],
      'headers 3',
    ]);
    const window = (id: number, by: number) => Buffer.of(0, 0, 4, 8, 0, 0, 0, 0, id, 0, 0, by >> 8, by & 0xff);
    await say(window(0, 1000));
    // The stream's own window is used up: the second body takes what the first cannot.
    expect(framesIn(writes[1])).toEqual(['data 3 5 end']);
    await say(window(1, 2000));
    expect(framesIn(writes[2])).toEqual(['data 1 995']);
    await say(settingsFrame([[4, 100_000]]), window(0, 10_000));
    expect(framesIn(writes[3])).toEqual(['data 1 3470 end']);
  });

  it('gives window back once half of it is used, to a stream that goes on', async () => {
    const { ask, say, writes } = open();
    await say(serverSettings);
    const answer = ask();
    await turn();
    writes.length = 0;
    const half = dataFrames(1, Buffer.alloc(8 * mebibyte - 1), false, 16_384);
    await say(...answered(1, false), ...half);
    expect(writes).toEqual([]);
    await say(...dataFrames(1, Buffer.alloc(1), false, 16_384));
    expect(writes.map(framesIn)).toEqual([[`window 0 ${8 * mebibyte}`, `window 1 ${8 * mebibyte}`]]);
    await say(...dataFrames(1, Buffer.alloc(1), true, 16_384));
    await answer;
  });

  it('waits for the answer behind an interim one, and for its end behind trailers', async () => {
    const { ask, say } = open();
    await say(serverSettings);
    const answer = ask();
    const interim = headersFrames(1, [literal(8, '103')], false, 16_384);
    const trailers = headersFrames(1, [literal(28, '1')], true, 16_384);
    await say(...interim, ...answered(1, false), ...dataFrames(1, Buffer.from('ab'), false, 16_384), ...trailers);
    expect(await answer).toBe('200 2');
  });

  it('stops sending a body whose answer is complete', async () => {
    const { ask, say, writes } = open();
    await say(serverSettings);
    const answer = ask(Buffer.alloc(70_000));
    await turn();
    writes.length = 0;
    await say(...answered(1));
    expect(await answer).toBe('200');
    expect(writes.map(framesIn)).toEqual([['reset 1 8']]);
  });

  it.each([
    ['data before a status', dataFrames(1, Buffer.from('a'), true, 16_384)],
    ['no status', headersFrames(1, [literal(28, '1')], true, 16_384)],
    ['a push', [Buffer.of(0, 0, 4, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2)]],
  ])('fails all that wait, and what is asked later, on %s', async (_, frames) => {
    const { ask, say, socket } = open();
    await say(serverSettings);
    const waiting = [ask(), ask(Buffer.alloc(100_000))].map((each) => each.catch((error: Error) => error.name));
    await turn();
    await say(...frames);
    expect(await Promise.all(waiting)).toEqual(['ProtocolError', 'ProtocolError']);
    await expect(ask()).rejects.toThrow();
    expect(socket.destroyed).toBe(true);
  });
});
