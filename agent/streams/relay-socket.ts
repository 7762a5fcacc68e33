// A FrameSocket over posts: frames wait for the post before theirs, go together, and never run far ahead of their reader.

import { ByteQueue } from '../../core/node/byte-queue.ts';
import { desertedMs, type FrameSocket } from '../../core/node/frame-socket.ts';
import {
  cutFrame,
  fullBatchBytes,
  keepAliveIntervalMs,
  packFrames,
  type RelayAnswer,
  unpackFrames,
  windowBatches,
  windowBytes,
} from '../../core/node/relay.ts';

export interface RelaySocketOptions {
  /** A name that no other socket has. */
  readonly writer: string;
  /** Undefined: nobody waits for the stream. Throws when it was not answered: then it is repeated. */
  post(query: string, body: Uint8Array | undefined): Promise<RelayAnswer | undefined>;
  /** Milliseconds from any fixed point. */
  readonly now: () => number;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  readonly pace: RelayPace;
}

export interface RelayPace {
  /** Frames that come within it go together. */
  readonly gatherMs: number;
  /** Between posts of batches that are not full, at most: each is a request that is paid for. */
  readonly longestGapMs: number;
  /** For how long a post that asks for frames is kept waiting. 0: nothing is asked for but with what is sent. */
  readonly waitMs: number;
}

/** So long after the last frame, either way, frames are asked for now and then: whoever is kept waiting holds a function. */
const livelyMs = 60_000;
const seldomMs = 1000;
/** While the reader is behind. */
const behindMs = { quick: 50, slow: 1000 };
/** Posts without an answer, for so long, end the stream. */
const givenUpMs = 30_000;

export function relaySocket(options: RelaySocketOptions): FrameSocket {
  const { post, now, pause } = options;
  const { gatherMs, longestGapMs, waitMs } = options.pace;
  const gone = new AbortController();
  const incoming = new ByteQueue(Number.POSITIVE_INFINITY);
  const waiting: Uint8Array[] = [];
  /** Bytes of batches that were posted and not yet read, by number. */
  const untaken = new Map<number, number>();
  let roomWanted: (() => void)[] = [];
  let waitingBytes = 0;
  let closing = false;
  let last = 0;
  let after = 0;
  let livelyAt = now();
  let taking: Promise<void> = Promise.resolve();
  let asks = false;
  let poked = new AbortController();

  const poke = () => poked.abort();
  const rest = async (ms: number) => {
    await pause(ms, poked.signal);
    poked = new AbortController();
  };
  const ahead = () => [...untaken.values()].reduce((sum, bytes) => sum + bytes, waitingBytes);
  const giveRoom = () => {
    if (ahead() >= windowBytes && !gone.signal.aborted) return;
    const all = roomWanted;
    roomWanted = [];
    for (const resolve of all) resolve();
  };

  const takeBatch = (): Uint8Array[] => {
    const frames: Uint8Array[] = [];
    for (let bytes = 0; waiting.length > 0 && bytes < fullBatchBytes; ) {
      const frame = waiting.shift();
      if (!frame) break;
      bytes += frame.length;
      frames.push(frame);
    }
    return frames;
  };

  /** Repeats until it is answered. */
  const send = async (query: URLSearchParams, body: Uint8Array | undefined): Promise<RelayAnswer | undefined> => {
    const began = now();
    for (let attempt = 0; ; attempt++) {
      try {
        return await post(query.toString(), body);
      } catch (error) {
        if (now() - began > givenUpMs) throw error;
        await pause(Math.min(2000, 100 * 2 ** attempt), gone.signal);
      }
    }
  };

  const run = async (): Promise<void> => {
    await pause(gatherMs, gone.signal);
    let gapMs = gatherMs;
    let postedAt = Number.NEGATIVE_INFINITY;
    let batchAt = now();
    let behind = behindMs.quick;
    while (!gone.signal.aborted) {
      const mayBatch = untaken.size < windowBatches && ahead() - waitingBytes < windowBytes;
      const full = waitingBytes >= fullBatchBytes;
      const something = waiting.length > 0 || closing;
      const since = now() - postedAt;
      const dueMs =
        something || roomWanted.length > 0 ? (mayBatch ? (full || closing ? 0 : gapMs) : behind) : keepAliveIntervalMs;
      // After a pause of its writer the next frame goes at once again.
      if (since > longestGapMs) gapMs = gatherMs;
      if (since < dueMs) {
        await rest(dueMs - since);
        continue;
      }
      const query = new URLSearchParams({ writer: options.writer, after: String(after) });
      let body: Uint8Array | undefined;
      let end = false;
      if (mayBatch && (something || last === 0 || now() - batchAt >= keepAliveIntervalMs)) {
        const frames = takeBatch();
        const bytes = frames.reduce((sum, { length }) => sum + length, 0);
        last += 1;
        waitingBytes -= bytes;
        untaken.set(last, bytes);
        end = closing && waiting.length === 0;
        body = await packFrames(frames);
        query.set('batch', String(last));
        if (end) query.set('end', 'true');
        batchAt = now();
        gapMs = bytes >= fullBatchBytes ? 0 : Math.min(longestGapMs, Math.max(gatherMs, gapMs * 1.4));
      }
      if (something) livelyAt = now();
      const answer = await send(query, body);
      postedAt = now();
      if (!answer) return;
      await take(answer);
      const before = untaken.size;
      for (const batch of untaken.keys()) if (batch <= answer.taken) untaken.delete(batch);
      behind = untaken.size < before ? behindMs.quick : Math.min(behindMs.slow, behind * 1.5);
      giveRoom();
      if (end) return;
      if (waitMs > 0 && !asks) {
        asks = true;
        void ask().catch(() => gone.abort());
      }
    }
  };

  /** In order, each once: what one post is answered with, another may have brought. */
  const take = (answer: RelayAnswer): Promise<void> => {
    taking = taking.then(async () => {
      for (const { batch, bytes } of answer.batches) {
        if (batch <= after) continue;
        for (const frame of await unpackFrames(Buffer.from(bytes, 'base64'))) incoming.push(frame);
        after = batch;
        livelyAt = now();
      }
    });
    return taking;
  };

  /** Asks for frames beside the posts that bring some, as long as the stream lasts. */
  const ask = async (): Promise<void> => {
    while (!gone.signal.aborted) {
      const lively = now() - livelyAt < livelyMs;
      const wait = lively ? waitMs : 0;
      const query = new URLSearchParams({ writer: options.writer, after: String(after), wait: String(wait) });
      const answer = await send(query, undefined);
      if (!answer) break;
      await take(answer);
      if (!lively) await pause(seldomMs, gone.signal);
    }
    gone.abort();
    poke();
  };

  void run()
    .catch(() => undefined)
    .finally(() => {
      gone.abort();
      incoming.end();
      giveRoom();
    });

  return {
    frames: incoming,
    deserted: () => incoming.deserted(desertedMs),
    async send(frame) {
      if (closing || gone.signal.aborted) throw new Error('the stream is over');
      for (const piece of cutFrame(frame)) {
        waiting.push(piece);
        waitingBytes += piece.length;
      }
      poke();
      while (ahead() >= windowBytes && !gone.signal.aborted)
        await new Promise<void>((resolve) => roomWanted.push(resolve));
      if (gone.signal.aborted) throw new Error('nobody reads the stream any more');
    },
    close() {
      closing = true;
      poke();
    },
  };
}
