// A SPDY/3.1 connection over any duplex stream, either end: streams with headers, half-close, reset, ping, flow control.
// The peers that matter (kubectl, containerd: Go's spdystream) know no flow control: they send no WINDOW_UPDATE and log one as an
// error. So windows count only once the peer has shown that it keeps them; else the transport itself is the back-pressure.

import type { Duplex } from 'node:stream';
import type { Account } from '../frame-socket.ts';
import { encodeFrame, type Frame, FrameReader, resetStatus, SpdyProtocolError, settingIds } from './frames.ts';
import { createHeaderCodec, type HeaderCodec, type Headers } from './header-codec.ts';
import { defaultWindow, type SentFrame, type SpdyStream, SpdyStreamError, Stream } from './stream.ts';

export interface SpdyOptions {
  readonly transport: Duplex;
  readonly role: 'client' | 'server';
  /** What was read of the transport already. */
  readonly head?: Uint8Array;
  /** A stream that the peer opened; it is accepted already. Without it all are refused. */
  readonly onStream?: (stream: SpdyStream) => void;
  /** Of what lies unread in all of its streams. */
  readonly account?: Account;
}

export interface OpenStream {
  /** This end sends nothing on it. */
  readonly fin?: boolean;
}

/** Streams open at once: a peer that opens more is refused. */
const maxStreams = 1000;

export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #codec: HeaderCodec = createHeaderCodec();
  readonly #streams = new Map<number, Stream>();
  readonly #onStream: ((stream: SpdyStream) => void) | undefined;
  readonly #account: Account | undefined;
  readonly #pings = new Map<number, () => void>();
  #nextStreamId: number;
  #nextPingId: number;
  #lastPeerStream = 0;
  #ended = false;
  #unread = 0;
  #sending: Promise<unknown> = Promise.resolve();
  /** Set once the peer has shown that it keeps windows. */
  #window: number | undefined;
  /** Resolves when the connection is over, for whatever reason. */
  readonly closed: Promise<void>;

  constructor({ transport, role, head, onStream, account }: SpdyOptions) {
    this.#transport = transport;
    this.#onStream = onStream;
    this.#account = account;
    this.#nextStreamId = role === 'client' ? 1 : 2;
    this.#nextPingId = this.#nextStreamId;
    transport.on('error', () => {});
    this.closed = this.#read(head).finally(() => this.#finish());
  }

  /** Resolves when the peer accepted it: data sent before is lost on some peers. Throws SpdyStreamError. */
  async openStream(headers: Headers, { fin = false }: OpenStream = {}): Promise<SpdyStream> {
    this.#check();
    const id = this.#nextStreamId;
    this.#nextStreamId += 2;
    const stream = this.#add(id, headers, fin);
    await this.#sendBlock(headers, (block) => ({
      type: 'synStream',
      streamId: id,
      associatedTo: 0,
      priority: 0,
      fin,
      unidirectional: false,
      block,
    }));
    await stream.accepted;
    return stream;
  }

  /** Resolves when the peer answered. */
  async ping(): Promise<void> {
    this.#check();
    const id = this.#nextPingId;
    this.#nextPingId = (this.#nextPingId + 2) >>> 0;
    const answered = new Promise<void>((resolve) => this.#pings.set(id, resolve));
    await this.#send({ type: 'ping', id });
    await Promise.race([answered, this.closed.then(() => this.#check())]);
  }

  /** Says that nothing more comes, sends what was written, ends the transport. */
  async close(): Promise<void> {
    if (this.#ended) return;
    await this.#send({ type: 'goAway', lastStreamId: this.#lastPeerStream, status: 0 }).catch(() => undefined);
    this.#transport.end();
  }

  destroy(): void {
    this.#transport.destroy();
    this.#finish();
  }

  async #read(head: Uint8Array | undefined): Promise<void> {
    const reader = new FrameReader();
    try {
      if (head && head.length > 0) await this.#take(reader, head);
      // as: a Duplex yields buffers when nobody set an encoding.
      for await (const chunk of this.#transport as AsyncIterable<Buffer>) await this.#take(reader, chunk);
    } catch (error) {
      if (error instanceof SpdyProtocolError)
        await this.#send({ type: 'goAway', lastStreamId: this.#lastPeerStream, status: 1 }).catch(() => undefined);
      this.#transport.destroy();
    }
  }

  async #take(reader: FrameReader, chunk: Uint8Array): Promise<void> {
    for (const frame of reader.push(chunk)) {
      const handled = this.#handle(frame);
      if (handled) await handled;
    }
  }

  #handle(frame: Frame): Promise<void> | undefined {
    switch (frame.type) {
      case 'data':
        return this.#receiveData(frame);
      case 'synStream':
        return this.#accept(frame);
      case 'synReply':
      case 'headers':
        return this.#receiveHeaders(frame);
      case 'rstStream':
        this.#streams.get(frame.streamId)?.fail(new SpdyStreamError('reset', 'the peer reset the stream'));
        this.#streams.delete(frame.streamId);
        return undefined;
      case 'settings':
        for (const { id, value } of frame.entries) if (id === settingIds.initialWindowSize) this.#setWindow(value);
        return undefined;
      case 'ping':
        return this.#receivePing(frame.id);
      case 'windowUpdate':
        if (this.#window === undefined) this.#setWindow(defaultWindow);
        this.#streams.get(frame.streamId)?.grow(frame.delta);
        return undefined;
      case 'goAway':
      case 'unknown':
        return undefined;
    }
  }

  /** The draft: a new initial window changes the windows of open streams by the difference. */
  #setWindow(size: number): void {
    const before = this.#window;
    this.#window = size;
    for (const stream of this.#streams.values())
      if (before === undefined) stream.startWindow(size);
      else stream.grow(size - before);
  }

  async #receivePing(id: number): Promise<void> {
    const mine = id % 2 === this.#nextPingId % 2;
    if (!mine) return this.#send({ type: 'ping', id });
    this.#pings.get(id)?.();
    this.#pings.delete(id);
    return undefined;
  }

  async #accept(frame: Extract<Frame, { type: 'synStream' }>): Promise<void> {
    // The block must be read even if the stream is refused: it moves the compression on.
    const headers = await this.#codec.decode(frame.block);
    const { streamId: id } = frame;
    if (id <= this.#lastPeerStream || id % 2 === this.#nextStreamId % 2) {
      if (this.#streams.has(id)) throw new SpdyProtocolError(`stream ${id} was opened twice`);
      return this.#send({ type: 'rstStream', streamId: id, status: resetStatus.protocolError });
    }
    this.#lastPeerStream = id;
    if (!this.#onStream || this.#streams.size >= maxStreams)
      return this.#send({ type: 'rstStream', streamId: id, status: resetStatus.refusedStream });
    const stream = this.#add(id, headers);
    await this.#sendBlock({}, (block) => ({ type: 'synReply', streamId: id, fin: false, block }));
    stream.accept();
    if (frame.fin) stream.endOfPeer();
    if (frame.unidirectional) stream.end();
    this.#onStream(stream);
  }

  async #receiveHeaders(frame: Extract<Frame, { type: 'synReply' | 'headers' }>): Promise<void> {
    await this.#codec.decode(frame.block);
    const stream = this.#streams.get(frame.streamId);
    if (!stream) return;
    if (frame.type === 'synReply') stream.accept();
    if (frame.fin) stream.endOfPeer();
  }

  #receiveData({ streamId, data, fin }: Extract<Frame, { type: 'data' }>): Promise<void> | undefined {
    const stream = this.#streams.get(streamId);
    if (!stream) {
      // Data may still be under way for a stream that is over, but not for one that never was.
      const mine = streamId % 2 === this.#nextStreamId % 2;
      if (streamId === 0 || (mine ? streamId >= this.#nextStreamId : streamId > this.#lastPeerStream))
        throw new SpdyProtocolError(`data of stream ${streamId}, which was never opened`);
      return undefined;
    }
    if (data.length > 0) {
      this.#unread += data.length;
      if (this.#account?.(this.#unread) === false) throw new SpdyProtocolError('too much of what it sent lies unread');
      stream.inbox.push(data);
    }
    if (fin) stream.endOfPeer();
    // A peer that keeps its windows never fills an inbox: they are smaller.
    return stream.inbox.room();
  }

  #add(id: number, headers: Headers, halfClosed = false): Stream {
    const wire = {
      send: (frame: SentFrame) => this.#send(frame),
      over: () => this.#streams.delete(id),
      keepsWindows: () => this.#window !== undefined,
      unread: (bytes: number) => {
        this.#unread += bytes;
        this.#account?.(this.#unread);
      },
    };
    const stream = new Stream(id, headers, wire, halfClosed);
    if (this.#window !== undefined) stream.startWindow(this.#window);
    this.#streams.set(id, stream);
    return stream;
  }

  #sendBlock(headers: Headers, make: (block: Buffer) => SentFrame): Promise<void> {
    // Blocks go out in the order in which they were compressed.
    const sent = this.#sending.then(async () => this.#send(make(await this.#codec.encode(headers))));
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  async #send(frame: SentFrame): Promise<void> {
    this.#check();
    if (this.#transport.write(encodeFrame(frame))) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        this.#transport.off('drain', go);
        this.#transport.off('close', go);
        resolve();
      };
      this.#transport.on('drain', go);
      this.#transport.on('close', go);
    });
    this.#check();
  }

  #check(): void {
    if (this.#ended || this.#transport.destroyed || this.#transport.writableEnded)
      throw new SpdyStreamError('closed', 'the connection is closed');
  }

  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of this.#streams.values()) stream.fail(new SpdyStreamError('closed', 'the connection is closed'));
    this.#streams.clear();
    for (const answered of this.#pings.values()) answered();
    this.#codec.close();
    this.#account?.(0);
    if (!this.#transport.destroyed) this.#transport.end();
  }
}
