// A stream relayed through the table: the client's function, the agent's function and the agent, each with the real code, in one process.

import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { relaySocket } from '../../agent/streams/relay-socket.ts';
import { StatusError } from '../../core/machinery/status.ts';
import { type FrameSocket, frame } from '../../core/node/frame-socket.ts';
import type { DialRequest } from '../../core/node/protocol.ts';
import { cutFrame, packFrames, unpackFrames, windowBytes } from '../../core/node/relay.ts';
import { createRelayBroker } from '../../core/node/relay-broker.ts';
import { createLocalQueue } from '../../core/queue/local/local-queue.ts';
import { tableRelays } from '../../core/store/dynamodb/relays.ts';
import { Query } from '../../functions/apiserver/query.ts';
import { withKeepAlive } from '../../functions/apiserver/relay/keep-alive.ts';
import { takeRelayPost } from '../../functions/apiserver/relay/relay-posts.ts';
import { modelCalls } from '../simulation/model/calls.ts';
import { ModelTable } from '../simulation/model/table.ts';

const request = { type: 'portforward', namespace: 'ns', pod: 'p', uid: 'u', port: 80 } as const;

/** Time that passes `speed` times as fast as it does. */
function fastTime(speed: number) {
  return {
    now: () => performance.now() * speed,
    pause: async (ms: number, signal?: AbortSignal) => {
      await delay(ms / speed, undefined, signal && { signal }).catch(() => undefined);
    },
  };
}

const sockets: FrameSocket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close();
});

interface Trouble {
  /** Whether the answer to a post gets lost. */
  readonly lose?: () => boolean;
  /** Posts after which the agent's machine is switched off. */
  readonly dieAfter?: number;
  readonly speed?: number;
}

async function open({ lose = () => false, dieAfter = Number.POSITIVE_INFINITY, speed = 5 }: Trouble = {}) {
  const time = fastTime(speed);
  const relays = tableRelays(modelCalls(new ModelTable(time.now)), 'store', {
    now: time.now,
    sleep: (ms) => time.pause(ms),
    random: () => 0.5,
  });
  const queue = createLocalQueue({ now: time.now, visibilitySeconds: 30 });
  await queue.create('node-n');
  const gone = new AbortController();
  const broker = createRelayBroker({ relays, queue, ...time });
  const stream = await broker.open('n', request, gone.signal);
  const [message] = await queue.receive('node-n', { waitSeconds: 0, max: 1 });
  const dial: DialRequest = JSON.parse(message?.body ?? '');
  let posts = 0;
  /** Undefined: nobody waits for the stream. */
  const post = async (query: string, body: Uint8Array = new Uint8Array(0), node = 'n') => {
    try {
      const given = { node, id: dial.id, query: new Query(new URLSearchParams(query)), body, ...time };
      return await takeRelayPost(relays, given);
    } catch (error) {
      if (error instanceof StatusError && error.code === 404) return undefined;
      throw error;
    }
  };
  const agent = (writer: string, node = 'n') => {
    const socket = relaySocket({
      writer,
      async post(query, body) {
        if (posts++ >= dieAfter) return new Promise(() => {});
        const answer = await post(query, body, node);
        if (answer && lose()) throw new Error('the answer was lost');
        return answer;
      },
      ...time,
      pace: { gatherMs: 20, longestGapMs: 1000, waitMs: 5000 },
    });
    sockets.push(socket);
    return socket;
  };
  return { time, stream, dial, agent, gone, post, posts: () => posts };
}

async function all(frames: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const each of frames) parts.push(each.subarray(1));
  return Buffer.concat(parts);
}

describe('a relayed stream', () => {
  it('says in its request to dial that it is one', async () => {
    expect((await open()).dial).toMatchObject({ kind: 'stream', relayed: true, request });
  });

  it('carries a short answer in one post', async () => {
    const { stream, agent, posts } = await open();
    const socket = agent('a');
    await socket.send(frame(1));
    await socket.send(frame(1, 'hello'));
    socket.close();
    expect((await all(stream.frames)).toString()).toBe('hello');
    expect(posts()).toBe(1);
  });

  it('carries megabytes in order, also when answers are lost, and never far ahead of its reader', async () => {
    let count = 0;
    const { stream, agent } = await open({ lose: () => count++ % 3 === 1 });
    const socket = agent('a');
    const blocks = Array.from({ length: 80 }, (_, i) => Buffer.alloc(50_000, `block ${i} `));
    let sent = 0;
    const sending = (async () => {
      for (const block of blocks) {
        await socket.send(frame(1, block));
        sent += block.length;
      }
      socket.close();
    })();
    let read = 0;
    let furthest = 0;
    const parts: Uint8Array[] = [];
    for await (const each of stream.frames) {
      parts.push(each.subarray(1));
      read += each.length - 1;
      furthest = Math.max(furthest, sent - read);
    }
    await sending;
    expect(Buffer.concat(parts).equals(Buffer.concat(blocks))).toBe(true);
    expect(furthest).toBeLessThanOrEqual(windowBytes + 64 * 1024);
  });

  it('carries what the client sends, however long, and the answer to it', async () => {
    const { stream, agent } = await open();
    const long = Buffer.alloc(700_000, 'request ');
    // Before the agent is there.
    await stream.send(frame(0, long));
    const socket = agent('a');
    void (async () => {
      let size = 0;
      for await (const each of socket.frames) {
        size += each.length - 1;
        if (size === long.length) break;
      }
      await socket.send(frame(0, `${size} bytes`));
      socket.close();
    })();
    expect((await all(stream.frames)).toString()).toBe(`${long.length} bytes`);
  });

  it('ends for the agent when the client has gone', async () => {
    const { stream, agent } = await open();
    const socket = agent('a');
    await socket.send(frame(1, 'a'));
    for await (const _ of stream.frames) break;
    for await (const _ of socket.frames) throw new Error('nothing was sent');
    await expect(socket.send(frame(1, 'b'))).rejects.toThrow('over');
  });

  it('ends for the client when its time is over', async () => {
    const { stream, agent, gone } = await open();
    await agent('a').send(frame(1, 'a'));
    const seen: number[] = [];
    for await (const each of stream.frames) {
      seen.push(each.length);
      gone.abort();
    }
    expect(seen).toEqual([2]);
  });

  it('is served by the first agent that comes: a request to dial may come twice', async () => {
    const { stream, agent } = await open();
    const [first, second] = [agent('a'), agent('b')];
    for await (const _ of second.frames) throw new Error('nothing was sent');
    await first.send(frame(1, 'mine'));
    first.close();
    expect((await all(stream.frames)).toString()).toBe('mine');
  });

  it('keeps an agent that asks for frames waiting until there are some, for five seconds at most', async () => {
    const { stream, post } = await open({ speed: 20 });
    expect(await post('writer=a&after=0&batch=1')).toMatchObject({ batches: [] });
    const waited = await post('writer=a&after=0&wait=999999999');
    expect(waited).toMatchObject({ batches: [] });
    const next = post('writer=a&after=0&wait=5000');
    await stream.send(frame(0, 'hello'));
    expect(await next).toMatchObject({ batches: [{ batch: 1 }] });
    // Whoever waits on a stream that ends is told so.
    const last = post('writer=a&after=1&wait=5000');
    stream.close();
    expect(await last).toBeUndefined();
    // Nobody else is kept waiting.
    expect(await post('writer=b&after=0&wait=5000')).toBeUndefined();
  });

  it('is no other node’s', async () => {
    const { agent } = await open();
    for await (const _ of agent('a', 'other').frames) throw new Error('nothing was sent');
  });

  it('fails for the client when no agent comes, or the agent is not heard of any more', async () => {
    const { stream } = await open({ speed: 50 });
    await expect(all(stream.frames)).rejects.toThrow('the agent of node "n" did not answer within 15 s');
    const second = await open({ speed: 50, dieAfter: 1 });
    await second.agent('a').send(frame(1, 'a'));
    await expect(all(second.stream.frames)).rejects.toThrow('node "n" was not heard of any more');
  });
});

describe('a batch', () => {
  it('unpacks to the frames that were packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 })), async (frames) => {
        expect(await unpackFrames(await packFrames(frames))).toEqual(frames.map((each) => Buffer.from(each)));
      }),
    );
  });
  it('is refused when it is broken, or unpacks to more than a batch may hold', async () => {
    await expect(unpackFrames(Buffer.from('no'))).rejects.toThrow();
    await expect(unpackFrames(await packFrames([Buffer.alloc(1024 * 1024)]))).rejects.toThrow();
  });
  it('takes a long frame in pieces of the same channel', () => {
    const long = frame(7, Buffer.alloc(150_000, 'x'));
    const pieces = cutFrame(long);
    expect(pieces.every((each) => each[0] === 7)).toBe(true);
    expect(Buffer.concat(pieces.map((each) => each.subarray(1)))).toEqual(long.subarray(1));
  });
});

describe('a response that is kept alive', () => {
  it('is the text, with bytes that mean nothing while nothing comes', async () => {
    let go: () => void = () => {};
    const more = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* text() {
      yield Buffer.from('one\n');
      await more;
      yield Buffer.from('two\n');
    }
    const chunks: Buffer[] = [];
    for await (const chunk of withKeepAlive(text(), 5)) {
      chunks.push(Buffer.from(chunk));
      if (chunks.length === 4) go();
    }
    expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe('one\ntwo\n');
    expect(chunks.length).toBeGreaterThanOrEqual(5);
  });
});
