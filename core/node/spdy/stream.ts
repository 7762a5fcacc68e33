// One stream of a SPDY connection: what of it is unread, how much may be sent, and which of its halves are over.

import { ByteQueue } from '../byte-queue.ts';
import { type Frame, resetStatus } from './frames.ts';
import type { Headers } from './header-codec.ts';

/** `closed`: the connection ended; `reset`: the peer gave the stream up. */
export class SpdyStreamError extends Error {
  readonly code: 'closed' | 'reset';

  constructor(code: 'closed' | 'reset', text: string) {
    super(text);
    this.name = 'SpdyStreamError';
    this.code = code;
  }
}

export interface SpdyStream {
  readonly id: number;
  /** Of the SYN_STREAM. */
  readonly headers: Headers;
  /** Until the peer ends its half. Throws SpdyStreamError. One reader; leaving the loop drops the rest. */
  readonly data: AsyncIterable<Uint8Array>;
  /** Resolves when more may be written. Throws SpdyStreamError. */
  write(data: Uint8Array): Promise<void>;
  /** Ends this half. Does nothing on a stream that is over. */
  end(): void;
  /** Gives both halves up. */
  reset(): void;
}

/** Unread bytes of one stream above which nothing more is read from the connection (or granted, with a peer that keeps windows). */
const highWaterBytes = 128 * 1024;
export const defaultWindow = 64 * 1024;
const maxFrameBytes = 32 * 1024;

export type SentFrame = Exclude<Frame, { type: 'unknown' }>;

/** What a stream needs of its connection. */
export interface Wire {
  send(frame: SentFrame): Promise<void>;
  over(): void;
  keepsWindows(): boolean;
  /** So many bytes more, or less, lie unread. */
  unread(bytes: number): void;
}

export class Stream implements SpdyStream {
  readonly id: number;
  readonly headers: Headers;
  readonly inbox: ByteQueue;
  readonly accepted: Promise<void>;
  readonly #wire: Wire;
  #accept: () => void = () => {};
  #refuse: (error: Error) => void = () => {};
  #error: SpdyStreamError | undefined;
  #halfClosed = false;
  #peerDone = false;
  #window = Number.POSITIVE_INFINITY;
  #sent = 0;
  #unacknowledged = 0;
  #wakeWriters: (() => void)[] = [];

  /** `halfClosed`: the frame that opened it ended this half. */
  constructor(id: number, headers: Headers, wire: Wire, halfClosed: boolean) {
    this.id = id;
    this.headers = headers;
    this.#wire = wire;
    this.#halfClosed = halfClosed;
    this.inbox = new ByteQueue(highWaterBytes, (bytes) => this.#taken(bytes));
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    // Whoever opened it awaits it; a stream that the peer opened has nobody who would.
    this.accepted.catch(() => undefined);
  }

  get data(): AsyncIterable<Uint8Array> {
    return this.inbox;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; ) {
      while (this.#window <= 0 && !this.#error) await new Promise<void>((resolve) => this.#wakeWriters.push(resolve));
      if (this.#error) throw this.#error;
      if (this.#halfClosed) throw new SpdyStreamError('closed', 'the stream has ended');
      const part = data.subarray(at, at + Math.min(maxFrameBytes, this.#window));
      at += part.length;
      this.#window -= part.length;
      this.#sent += part.length;
      await this.#wire.send({ type: 'data', streamId: this.id, fin: false, data: part });
    }
  }

  end(): void {
    if (this.#halfClosed || this.#error) return;
    this.#halfClosed = true;
    this.#wire
      .send({ type: 'data', streamId: this.id, fin: true, data: new Uint8Array() })
      .catch(() => undefined)
      .finally(() => this.#overIfDone());
  }

  reset(): void {
    if (this.#error || (this.#halfClosed && this.#peerDone)) return;
    this.#wire.send({ type: 'rstStream', streamId: this.id, status: resetStatus.cancel }).catch(() => undefined);
    this.fail(new SpdyStreamError('reset', 'the stream was given up'));
    this.#wire.over();
  }

  accept(): void {
    this.#accept();
  }

  endOfPeer(): void {
    this.#peerDone = true;
    this.inbox.end();
    this.#overIfDone();
  }

  fail(error: SpdyStreamError): void {
    this.#error ??= error;
    this.#refuse(error);
    this.inbox.fail(error);
    this.#wake();
  }

  /** The peer keeps windows: what was sent before counts against its first one. */
  startWindow(size: number): void {
    this.#window = size - this.#sent;
    this.#wake();
  }

  grow(delta: number): void {
    this.#window += delta;
    this.#wake();
  }

  /** Grants the peer what was read, in pieces of half a window. */
  #taken(bytes: number): void {
    this.#wire.unread(-bytes);
    this.#unacknowledged += bytes;
    if (!this.#wire.keepsWindows() || this.#peerDone || this.#unacknowledged < defaultWindow / 2) return;
    const delta = this.#unacknowledged;
    this.#unacknowledged = 0;
    this.#wire.send({ type: 'windowUpdate', streamId: this.id, delta }).catch(() => undefined);
  }

  #overIfDone(): void {
    if (this.#halfClosed && this.#peerDone) this.#wire.over();
  }

  #wake(): void {
    const waiting = this.#wakeWriters;
    this.#wakeWriters = [];
    for (const resolve of waiting) resolve();
  }
}
