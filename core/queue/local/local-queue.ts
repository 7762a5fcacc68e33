// Queues in the memory of one process. A restart forgets them, which wake-ups may be: so using a name makes its queue.

import { randomUUID } from 'node:crypto';
import type { Message, Queue, ReceiveOptions } from '../queue.ts';
import { maximumBody, QueueError } from '../queue.ts';

export interface LocalQueueOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** A message that was received comes again after this long, unless it is acknowledged. */
  readonly visibilitySeconds: number;
}

/** A queue that nobody reads drops its oldest messages above this. */
const maximumWaiting = 10_000;
const maximumBytes = 4 * 1024 * 1024;
/** Of all queues together: above it, the one that holds most drops its oldest. A message costs this much beside its body. */
const maximumTotalBytes = 64 * 1024 * 1024;
const messageBytes = 256;

/** Older than this, a wake-up says nothing that a resync has not seen. */
const retentionMs = 60 * 60_000;

const lookMs = 60_000;
const lookBytes = 4 * 1024 * 1024;

interface Waiting {
  readonly id: string;
  readonly body: string;
  readonly sentMs: number;
  readonly bytes: number;
}

interface Receiver {
  readonly max: number;
  readonly deliver: (messages: Message[]) => void;
}

export function createLocalQueue(options: LocalQueueOptions): Queue {
  const queues = new Map<string, MemoryQueue>();
  /** Looks at all queues when there is much, and else once in a while: those of nodes that are gone would keep what nobody reads. */
  let lookAtMs = 0;
  const look = () => {
    let total = 0;
    for (const [name, queue] of queues) {
      queue.forgetOld();
      total += queue.bytes;
      if (queue.isIdle) queues.delete(name);
    }
    while (total > maximumTotalBytes) {
      let largest: MemoryQueue | undefined;
      for (const each of queues.values()) if (!largest || each.bytes > largest.bytes) largest = each;
      const before = largest?.bytes ?? 0;
      // To half, so that the next message is not the next look.
      largest?.shrinkTo(before / 2);
      const dropped = before - (largest?.bytes ?? 0);
      if (dropped === 0) break;
      total -= dropped;
    }
    lookAtMs = options.now() + lookMs;
    sentBytes = 0;
  };
  let sentBytes = 0;
  const queueOf = (name: string): MemoryQueue => {
    let queue = queues.get(name);
    if (!queue) {
      queue = new MemoryQueue(options);
      queues.set(name, queue);
    }
    return queue;
  };
  return {
    async create(name) {
      queueOf(name);
    },
    async remove(name) {
      queues.get(name)?.close();
      queues.delete(name);
    },
    async send(name, body) {
      const size = Buffer.byteLength(body);
      if (size > maximumBody)
        throw new QueueError('tooLarge', name, `A message has ${size} bytes; the limit is ${maximumBody}.`);
      queueOf(name).send(body, size + messageBytes);
      sentBytes += size + messageBytes;
      if (sentBytes > lookBytes || options.now() >= lookAtMs) look();
    },
    receive: (name, receive) => queueOf(name).receive(receive),
    async acknowledge(name, receipts) {
      queues.get(name)?.acknowledge(receipts);
    },
  };
}

class MemoryQueue {
  readonly #options: LocalQueueOptions;
  readonly #waiting: Waiting[] = [];
  /** By receipt, in the order in which they become visible again. */
  readonly #inFlight = new Map<string, { message: Waiting; visibleMs: number }>();
  readonly #receivers = new Set<Receiver>();
  #timer: NodeJS.Timeout | undefined;
  /** Of what waits and what is in flight. */
  #bytes = 0;

  constructor(options: LocalQueueOptions) {
    this.#options = options;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Nothing waits in it, and nobody for it. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.size === 0 && this.#receivers.size === 0;
  }

  send(body: string, bytes: number): void {
    this.forgetOld();
    if (this.#waiting.length >= maximumWaiting) this.#dropFirst();
    this.shrinkTo(maximumBytes - bytes);
    this.#waiting.push({ id: randomUUID(), body, sentMs: this.#options.now(), bytes });
    this.#bytes += bytes;
    this.#dispatch();
  }

  forgetOld(): void {
    const since = this.#options.now() - retentionMs;
    while ((this.#waiting[0]?.sentMs ?? since) < since) this.#dropFirst();
  }

  /** Drops what has waited longest, and then what was received and not acknowledged. */
  shrinkTo(bytes: number): void {
    while (this.#bytes > bytes && this.#waiting.length > 0) this.#dropFirst();
    for (const receipt of this.#inFlight.keys()) {
      if (this.#bytes <= bytes) return;
      this.#forget(receipt);
    }
  }

  #dropFirst(): void {
    this.#bytes -= this.#waiting.shift()?.bytes ?? 0;
  }

  #forget(receipt: string): void {
    this.#bytes -= this.#inFlight.get(receipt)?.message.bytes ?? 0;
    this.#inFlight.delete(receipt);
  }

  receive({ waitSeconds, max, signal }: ReceiveOptions): Promise<Message[]> {
    if (signal?.aborted) return Promise.resolve([]);
    this.#reclaim();
    const messages = this.#take(max);
    if (messages.length > 0 || waitSeconds <= 0) return Promise.resolve(messages);
    return new Promise((resolve) => {
      const finish = (delivered: Message[]) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', giveUp);
        this.#receivers.delete(receiver);
        resolve(delivered);
      };
      const giveUp = () => finish([]);
      const receiver: Receiver = { max, deliver: finish };
      const timer = setTimeout(giveUp, waitSeconds * 1000);
      signal?.addEventListener('abort', giveUp);
      this.#receivers.add(receiver);
      this.#arm();
    });
  }

  acknowledge(receipts: readonly string[]): void {
    for (const receipt of receipts) this.#forget(receipt);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const receiver of this.#receivers) receiver.deliver([]);
  }

  /** Hands what waits to whoever waits longest. */
  #dispatch(): void {
    for (const receiver of this.#receivers) {
      if (this.#waiting.length === 0) return;
      receiver.deliver(this.#take(receiver.max));
    }
  }

  #take(max: number): Message[] {
    const visibleMs = this.#options.now() + this.#options.visibilitySeconds * 1000;
    const taken = this.#waiting.splice(0, max).map((message) => {
      const receipt = randomUUID();
      this.#inFlight.set(receipt, { message, visibleMs });
      return { id: message.id, body: message.body, receipt };
    });
    if (taken.length > 0) this.#arm();
    return taken;
  }

  /** Messages whose time-out has passed are visible again. */
  #reclaim(): void {
    const now = this.#options.now();
    for (const [receipt, { message, visibleMs }] of this.#inFlight) {
      if (visibleMs > now) return;
      this.#inFlight.delete(receipt);
      this.#waiting.push(message);
    }
  }

  /** While somebody waits, the next time-out is watched for. */
  #arm(): void {
    clearTimeout(this.#timer);
    const [next] = this.#inFlight.values();
    if (!next || this.#receivers.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#reclaim();
      this.#dispatch();
      this.#arm();
    }, next.visibleMs - this.#options.now());
    this.#timer.unref();
  }
}
