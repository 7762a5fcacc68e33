// One HTTP/2 connection of a client over TLS (RFC 9113): what is asked in one turn of the event loop leaves in one write, and what is
// answered is handed on as it arrives.

import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import {
  dataFrames,
  defaults,
  errorCodes,
  errorName,
  FrameReader,
  goAwayFrame,
  headersFrames,
  ProtocolError,
  pingAck,
  preface,
  resetFrame,
  type Setting,
  settingIds,
  settingsAck,
  settingsFrame,
  windowUpdateFrame,
} from './frames.ts';
import { noTable, readStatus } from './hpack.ts';

export interface Endpoint {
  /** https. */
  readonly server: URL;
  /** Takes any certificate. */
  readonly insecure: boolean;
  /** PEM. */
  readonly ca?: string;
}

/** Who waits for an answer: `status` once, then `data`, then `end`; or `fail`, at any time, and nothing after it. */
export interface Asker {
  status(status: number): void;
  data(part: Buffer): void;
  end(): void;
  fail(error: Error): void;
}

interface Stream {
  /** 0 until it has begun. */
  id: number;
  readonly asker: Asker;
  answered: boolean;
  /** What the server lets us send. */
  window: number;
  /** What is left of the request's body. */
  unsent: Buffer | undefined;
  /** Bytes that came since we last gave window back. */
  received: number;
}

/** What a server may send before we give window back, on the connection and on each stream: a list of thousands of pods at once. */
const receiveWindow = 1 << 24;

/** Rejects where the connection fails before the server's settings have come. */
export function open({ server, insecure, ca }: Endpoint): Promise<Connection> {
  const host = server.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = tls.connect({
      host,
      port: Number(server.port || 443),
      ALPNProtocols: ['h2'],
      rejectUnauthorized: !insecure,
      ...(!isIP(host) && { servername: host }),
      ...(ca && { ca }),
    });
    socket.setNoDelay(true);
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      if (socket.alpnProtocol !== 'h2') {
        socket.destroy();
        return reject(new Error(`${server.origin} does not speak HTTP/2`));
      }
      const connection = new Connection(socket);
      connection.ready.then(() => resolve(connection), reject);
    });
  });
}

export class Connection {
  readonly #socket: Duplex;
  readonly #ready = Promise.withResolvers<void>();
  readonly #streams = new Map<number, Stream>();
  /** More than the server takes at once: they begin as others end. */
  readonly #held: { readonly stream: Stream; readonly block: readonly Buffer[] }[] = [];
  /** Have a body that did not fit in the window of the connection, or in their own. */
  readonly #blocked = new Set<Stream>();
  #peer: { maxConcurrentStreams: number; initialWindowSize: number; maxFrameSize: number } = {
    ...defaults,
    maxConcurrentStreams: Number.POSITIVE_INFINITY,
  };
  #window: number = defaults.initialWindowSize;
  #received = 0;
  #nextId = 1;
  #tableLowered = false;
  /** Leaves in one write. */
  #out: Buffer[] = [];
  /** Why nothing more can be asked. */
  #over: Error | undefined;

  /** `socket`: over which HTTP/2 was agreed. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    const reader = new FrameReader({
      data: (id, part, flow, end) => this.#onData(id, part, flow, end),
      headers: (id, block, end) => this.#onHeaders(id, block, end),
      reset: (id, code) => this.#onReset(id, code),
      settings: (settings) => this.#onSettings(settings),
      ping: (opaque) => this.#write(pingAck(opaque)),
      goAway: (lastId, code, text) => this.#onGoAway(lastId, code, text),
      windowUpdate: (id, increment) => this.#onWindowUpdate(id, increment),
    });
    socket.on('data', (chunk) => {
      try {
        reader.push(chunk);
      } catch (error) {
        // An asker's own errors are not the connection's.
        if (!(error instanceof ProtocolError)) throw error;
        this.#fail(error);
      }
    });
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#fail(new Error('the server closed the connection')));
    socket.on('close', () => this.#fail(new Error('the connection is closed')));
    const settings = settingsFrame([
      [settingIds.headerTableSize, 0],
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, receiveWindow],
    ]);
    this.#write(preface, settings, windowUpdateFrame(0, receiveWindow - defaults.initialWindowSize));
  }

  /** Once the server has said its settings; rejects where the connection fails before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** `block`: the request's fields, packed (hpack.ts), in parts. The function returned gives the answer up. */
  request(block: readonly Buffer[], body: Buffer | undefined, asker: Asker): () => void {
    const unsent = body?.length ? body : undefined;
    const stream: Stream = { id: 0, asker, answered: false, window: 0, unsent, received: 0 };
    if (this.#over) asker.fail(this.#over);
    else if (this.#streams.size < this.#peer.maxConcurrentStreams) this.#begin(stream, block);
    else this.#held.push({ stream, block });
    return () => this.#giveUp(stream);
  }

  /** Takes no more requests, and ends the connection once those that there are have been answered. */
  close(): void {
    this.#over ??= new Error('the connection is closed');
    this.#endIfDone();
  }

  #begin(stream: Stream, block: readonly Buffer[]): void {
    stream.id = this.#nextId;
    stream.window = this.#peer.initialWindowSize;
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    const parts = this.#tableLowered ? [noTable, ...block] : block;
    this.#tableLowered = false;
    this.#write(...headersFrames(stream.id, parts, !stream.unsent, this.#peer.maxFrameSize));
    this.#sendBody(stream);
  }

  /** As much as the windows allow. */
  #sendBody(stream: Stream): void {
    if (!stream.unsent) return;
    const room = Math.max(0, Math.min(this.#window, stream.window));
    const part = stream.unsent.subarray(0, room);
    const rest = stream.unsent.subarray(part.length);
    stream.unsent = rest.length > 0 ? rest : undefined;
    stream.window -= part.length;
    this.#window -= part.length;
    this.#write(...dataFrames(stream.id, part, !stream.unsent, this.#peer.maxFrameSize));
    if (stream.unsent) this.#blocked.add(stream);
    else this.#blocked.delete(stream);
  }

  #giveUp(stream: Stream): void {
    const held = this.#held.findIndex((each) => each.stream === stream);
    if (held >= 0) this.#held.splice(held, 1);
    if (!this.#streams.has(stream.id)) return;
    this.#write(resetFrame(stream.id, errorCodes.cancel));
    this.#forget(stream);
  }

  #forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#blocked.delete(stream);
    this.#beginHeld();
    this.#endIfDone();
  }

  #beginHeld(): void {
    while (this.#held.length > 0 && this.#streams.size < this.#peer.maxConcurrentStreams) {
      const next = this.#held.shift();
      if (next) this.#begin(next.stream, next.block);
    }
  }

  #endIfDone(): void {
    if (!this.#over || this.#streams.size > 0 || this.#held.length > 0 || this.#socket.writableEnded) return;
    this.#flush();
    this.#socket.end(goAwayFrame(0, errorCodes.noError));
  }

  #onHeaders(id: number, block: Buffer, end: boolean): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (!stream.answered) {
      const status = readStatus(block);
      if (!status) throw new ProtocolError('an answer has no status');
      // 1xx are interim.
      stream.answered = status >= 200;
      if (stream.answered) stream.asker.status(status);
    }
    if (end) this.#onEnd(stream);
  }

  #onData(id: number, part: Buffer, flow: number, end: boolean): void {
    this.#received += flow;
    if (this.#received >= receiveWindow / 2) {
      this.#write(windowUpdateFrame(0, this.#received));
      this.#received = 0;
    }
    const stream = this.#streams.get(id);
    if (!stream) return;
    if (!stream.answered) throw new ProtocolError('a body came before its status');
    if (part.length > 0) stream.asker.data(part);
    stream.received += flow;
    if (end) this.#onEnd(stream);
    else if (stream.received >= receiveWindow / 2) {
      this.#write(windowUpdateFrame(id, stream.received));
      stream.received = 0;
    }
  }

  #onEnd(stream: Stream): void {
    // A server may answer before it has read the body (RFC 9113, 8.1).
    if (stream.unsent) this.#write(resetFrame(stream.id, errorCodes.cancel));
    this.#forget(stream);
    if (stream.answered) stream.asker.end();
    else stream.asker.fail(new ProtocolError('an answer ended before its status'));
  }

  #onReset(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#forget(stream);
    stream.asker.fail(new Error(`the server reset the stream: ${errorName(code)}`));
  }

  #onSettings(settings: readonly Setting[]): void {
    this.#write(settingsAck);
    for (const [id, value] of settings) {
      if (id === settingIds.headerTableSize) this.#tableLowered = true;
      if (id === settingIds.maxConcurrentStreams) this.#peer.maxConcurrentStreams = value;
      if (id === settingIds.maxFrameSize) this.#peer.maxFrameSize = value;
      if (id !== settingIds.initialWindowSize) continue;
      for (const stream of this.#streams.values()) stream.window += value - this.#peer.initialWindowSize;
      this.#peer.initialWindowSize = value;
    }
    this.#beginHeld();
    for (const stream of this.#blocked) this.#sendBody(stream);
    this.#ready.resolve();
  }

  #onWindowUpdate(id: number, increment: number): void {
    const stream = this.#streams.get(id);
    if (stream) stream.window += increment;
    if (id === 0) this.#window += increment;
    for (const each of id === 0 ? this.#blocked : stream ? [stream] : []) this.#sendBody(each);
  }

  /** The server still answers what it names; the rest it has not looked at (RFC 9113, 6.8). */
  #onGoAway(lastId: number, code: number, text: string): void {
    const error = new Error(`the server goes away: ${errorName(code)}${text && `, ${text}`}`);
    this.#over ??= error;
    for (const { stream } of this.#held.splice(0)) stream.asker.fail(error);
    for (const stream of [...this.#streams.values()].filter(({ id }) => id > lastId)) {
      this.#forget(stream);
      stream.asker.fail(error);
    }
    this.#endIfDone();
  }

  #fail(error: Error): void {
    this.#over ??= error;
    this.#ready.reject(error);
    this.#socket.destroy();
    const waiting = [...this.#streams.values(), ...this.#held.splice(0).map(({ stream }) => stream)];
    this.#streams.clear();
    this.#blocked.clear();
    for (const { asker } of waiting) asker.fail(error);
  }

  #write(...frames: readonly Buffer[]): void {
    if (this.#out.length === 0 && frames.length > 0) queueMicrotask(this.#flushAfterTurn);
    for (const frame of frames) this.#out.push(frame);
  }

  // Ticks come when no microtask is left: by then all that awaited an answer of this turn has asked again.
  readonly #flushAfterTurn = () => process.nextTick(this.#flush);

  readonly #flush = () => {
    const out = this.#out;
    this.#out = [];
    if (out.length > 0 && this.#socket.writable) this.#socket.write(Buffer.concat(out));
  };
}
