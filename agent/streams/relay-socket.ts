// A FrameSocket over posts: frames wait for the post before theirs, go together, and never run far ahead of their reader.

import { ByteQueue } from '../../core/node/byte-queue.ts';
import type { FrameSocket } from '../../core/node/frame-socket.ts';
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
  /** Between posts that only ask for frames. */
  readonly polls: { readonly quickMs: number; readonly slowMs: number };
}

/** Frames that come within it go together. */
const gatherMs = 20;
/** Between posts of batches that are not full, at most: each is a request that is paid for. */
const longestGapMs = 1000;
/** While the reader is behind. */
const behindMs = { quick: 50, slow: 1000 };
/** Posts without an answer, for so long, end the stream. */
const givenUpMs = 30_000;

export function relaySocket(options: RelaySocketOptions): FrameSocket {
  const { post, now, pause, polls } = options;
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
    let pollMs = polls.quickMs;
    let postedAt = Number.NEGATIVE_INFINITY;
    let batchAt = now();
    let behind = behindMs.quick;
    for (;;) {
      const mayBatch = untaken.size < windowBatches && ahead() - waitingBytes < windowBytes;
      const full = waitingBytes >= fullBatchBytes;
      const something = waiting.length > 0 || closing;
      const since = now() - postedAt;
      const dueMs = something || roomWanted.length > 0 ? (mayBatch ? (full || closing ? 0 : gapMs) : behind) : pollMs;
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
      // After a pause of its writer the next line goes at once again.
      if (!something) gapMs = gatherMs;
      const answer = await send(query, body);
      postedAt = now();
      if (!answer) return;
      for (const { batch, bytes } of answer.batches) {
        for (const frame of await unpackFrames(Buffer.from(bytes, 'base64'))) incoming.push(frame);
        after = batch;
      }
      pollMs = answer.batches.length > 0 ? polls.quickMs : Math.min(polls.slowMs, pollMs * 1.5);
      const before = untaken.size;
      for (const batch of untaken.keys()) if (batch <= answer.taken) untaken.delete(batch);
      behind = untaken.size < before ? behindMs.quick : Math.min(behindMs.slow, behind * 1.5);
      giveRoom();
      if (end) return;
    }
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
