// Brings a client and a node's agent together through the store: a message on the node's queue, then the batches that the agent posts
// to another function. Looks often while there is something to read, and seldom while there is nothing.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Queue, QueueError } from '../queue/queue.ts';
import type { RelayKey, Relays } from '../store/relays.ts';
import type { NodeStream, StreamOpener } from './node-stream.ts';
import type { NodeMessage, StreamRequest } from './protocol.ts';
import { cutFrame, keepAliveTimeoutMs, packFrames, unpackFrames, windowBatches, windowBytes } from './relay.ts';
import { refused, unanswered, unavailable } from './unreachable-node.ts';

export interface RelayBrokerOptions {
  readonly relays: Relays;
  /** The one that the nodes' agents poll. */
  readonly queue: Queue;
  /** How long an agent has to post for the first time. Default 15 s. */
  readonly dialTimeoutMs?: number;
  /** Unix milliseconds. */
  readonly now: () => number;
  /** Resolves early when the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Between two looks: at first and after something came or went, and at most. A connection's other end mostly waits for an answer. */
const paces = { log: { quickMs: 40, slowMs: 1000 }, connection: { quickMs: 15, slowMs: 150 } } as const;
/** While the agent was not heard of yet, somebody waits at a terminal. */
const slowBeforeFirstMs = 250;
/** The agent counts on its reader for so long; renewed three times as often. Who has a connection may vanish with what it stands for. */
const leases = { log: 60_000, connection: 20_000 } as const;
/** Of a long frame that is cut. */
const piecesABatch = 4;

export interface RelayBroker extends StreamOpener {
  /** Resolves when the nodes can know of every stream that was closed here. Never rejects. */
  settled(): Promise<void>;
}

export function createRelayBroker(options: RelayBrokerOptions): RelayBroker {
  const { relays, queue } = options;
  const closing = new Set<Promise<void>>();
  return {
    async settled() {
      await Promise.all(closing);
    },
    async open(node, request, signal) {
      const key: RelayKey = { node, id: randomUUID() };
      const message: NodeMessage = { kind: 'stream', id: key.id, request, relayed: true };
      await relays.note(key, { untilMs: options.now() + leases[paceOf(request.type)], taken: 0, sent: 0 });
      try {
        await queue.send(`node-${node}`, JSON.stringify(message));
      } catch (error) {
        await relays.close(key);
        throw error instanceof QueueError ? refused(error, node) : error;
      }
      // The agent is not waited for: what is sent to it may be there before it comes.
      return relayStream(options, key, paceOf(request.type), signal, (over) => {
        closing.add(over);
        void over.finally(() => closing.delete(over));
      });
    },
  };
}

type Pace = keyof typeof paces;

function paceOf(type: StreamRequest['type']): Pace {
  return type === 'log' ? 'log' : 'connection';
}

const waits = async (ms: number, signal: AbortSignal) => {
  await delay(ms, undefined, { signal }).catch(() => undefined);
};

function relayStream(
  options: RelayBrokerOptions,
  key: RelayKey,
  pace: Pace,
  signal: AbortSignal | undefined,
  ending: (over: Promise<void>) => void,
): NodeStream {
  const { quickMs, slowMs } = paces[pace];
  const leaseMs = leases[pace];
  const { relays, now, pause = waits, dialTimeoutMs = 15_000 } = options;
  const stop = new AbortController();
  const opened = now();
  let taken = 0;
  let sent = 0;
  let pauseMs: number = quickMs;
  let poked = new AbortController();
  const rest = async () => {
    await pause(pauseMs, AbortSignal.any([stop.signal, poked.signal]));
    poked = new AbortController();
  };
  let over: Promise<void> | undefined;
  let noting: Promise<void> = Promise.resolve();
  const note = () => {
    noting = noting.then(() => (over ? undefined : relays.note(key, { untilMs: now() + leaseMs, taken, sent })));
    return noting;
  };
  // Renewed whether or not the client reads: a client that is slow is no client that left.
  const lease = setInterval(() => void note().catch(() => undefined), leaseMs / 3);
  const onAbort = () => stop.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) stop.abort();
  /** `ended`: by the agent, which then asks for nothing more. */
  const finish = (ended: boolean): Promise<void> => {
    if (over) return over;
    over = (async () => {
      clearInterval(lease);
      signal?.removeEventListener('abort', onAbort);
      stop.abort();
      await noting.catch(() => undefined);
      // The agent may still be kept waiting for frames.
      if (!ended || pace === 'connection') await relays.close(key).catch(() => undefined);
    })();
    ending(over);
    return over;
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    let ended = false;
    let heardAt = opened;
    let noted = { batch: 0, bytes: 0 };
    let bytes = 0;
    try {
      while (!stop.signal.aborted) {
        const batches = await relays.after(key, 'up', taken);
        for (const { batch, bytes: packed, end } of batches) {
          heardAt = now();
          for (const frame of await framesOf(packed, key.node)) {
            bytes += frame.length;
            yield frame;
          }
          taken = batch;
          ended = end;
          if (end) return;
          if (bytes - noted.bytes < windowBytes / 4 && taken - noted.batch < windowBatches / 4) continue;
          noted = { batch: taken, bytes };
          await note();
        }
        if (batches.length > 0) {
          pauseMs = quickMs;
          continue;
        }
        if (taken === 0 && now() - opened > dialTimeoutMs) throw unanswered(key.node, dialTimeoutMs);
        if (now() - heardAt > keepAliveTimeoutMs)
          throw unavailable(`node ${JSON.stringify(key.node)} was not heard of any more`);
        await rest();
        pauseMs = Math.min(taken === 0 ? Math.min(slowMs, slowBeforeFirstMs) : slowMs, pauseMs * 1.25);
      }
    } finally {
      await finish(ended);
    }
  }

  return {
    frames: read(),
    async send(frame) {
      if (over) throw new Error('the stream is over');
      const pieces = cutFrame(frame);
      for (let at = 0; at < pieces.length; at += piecesABatch) {
        const bytes = await packFrames(pieces.slice(at, at + piecesABatch));
        const put = relays.put(key, 'down', { batch: sent + 1, bytes, end: false });
        sent += 1;
        // Whoever hears of a batch before it is there looks again.
        if (at + piecesABatch < pieces.length) await put;
        else await Promise.all([put, note()]);
      }
      // An answer may come soon.
      pauseMs = quickMs;
      poked.abort();
    },
    // The function that waits has an end of its own.
    deserted: () => new Promise<void>(() => {}),
    close: () => void finish(false),
  };
}

async function framesOf(packed: Uint8Array, node: string): Promise<Buffer[]> {
  try {
    return (await unpackFrames(packed)).filter((frame) => frame.length > 0);
  } catch {
    throw unavailable(`node ${JSON.stringify(node)} sent what is no batch of frames`);
  }
}
