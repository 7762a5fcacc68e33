// One stream between the control plane and an agent: frames (a channel byte and data) on a WebSocket, either end, with back-pressure.

import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { ByteQueue } from './byte-queue.ts';

/** The channels of remotecommand v5; the protocol's comment in protocol.ts says which stream uses which. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface FrameSocket {
  /** Ends when the peer closes it, however. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Resolves when it was handed to the network. Rejects after the socket closed. */
  send(frame: Uint8Array): Promise<void>;
  /** Resolves when the peer has gone and what it sent last lies untaken for two minutes: whoever waits to pass it on should give up. */
  deserted(): Promise<void>;
  close(): void;
}

/** Told how many bytes of a peer are held unread. False: they are too many, and the peer is cut. */
export type Account = (bytes: number) => boolean;

/** Whose bytes are counted, those of a message that is not whole yet too: `received` is what they come over. */
export interface Counted {
  readonly received: Duplex;
  readonly account: Account;
}

/** Unread bytes above which nothing more is read from the socket. */
const highWaterBytes = 64 * 1024;
/** Messages are handed on in parts of this size. A multiple of four, so that each part of a text in base64 is one too. */
const partBytes = 64 * 1024;
/** How long what a peer sent last may wait when it has gone. */
export const desertedMs = 120_000;
/** Keeps the mapping of a NAT alive, and finds peers that went without a word: two silent intervals end the socket. */
const pingMs = 30_000;

export function frameSocket(socket: WebSocket, counted?: Counted): FrameSocket {
  let partial = 0;
  const count = () => {
    if (counted && !counted.account(partial + queue.size)) socket.terminate();
  };
  const queue = new ByteQueue(highWaterBytes, () => {
    if (socket.isPaused && !queue.full) socket.resume();
    count();
  });
  counted?.received.prependListener('data', (chunk: Uint8Array) => {
    partial += chunk.length;
    count();
  });
  socket.on('message', (data) => {
    partial = 0;
    const bytes = bytesOf(data);
    if (bytes.length === 0) return;
    for (const each of partsOf(bytes)) queue.push(each);
    count();
    if (queue.full) socket.pause();
  });
  socket.on('error', () => {});
  keepAlive(socket);
  socket.once('close', () => {
    queue.end();
    counted?.account(0);
  });
  return {
    frames: queue,
    send: (frame) =>
      new Promise((resolve, reject) =>
        socket.send(frame, { binary: true }, (error) => (error ? reject(error) : resolve())),
      ),
    deserted: () => queue.deserted(desertedMs),
    close: () => {
      // A paused socket would not hear the answer to its close.
      if (socket.isPaused) socket.resume();
      socket.close(1000);
    },
  };
}

/** Pings while the socket is open. */
export function keepAlive(socket: WebSocket): void {
  let silent = 0;
  const heard = () => {
    silent = 0;
  };
  socket.on('pong', heard);
  socket.on('message', heard);
  const timer = setInterval(() => {
    // A paused socket cannot hear the answer.
    if (silent >= 2 && !socket.isPaused) socket.terminate();
    else if (socket.readyState === socket.OPEN) {
      silent += 1;
      socket.ping(undefined, undefined, () => {});
    }
  }, pingMs);
  timer.unref();
  socket.once('close', () => clearInterval(timer));
}

/** A message may be as large as its sender likes; what is passed on has its channel before each part. */
function* partsOf(message: Buffer): Generator<Uint8Array> {
  if (message.length <= 1 + partBytes) yield message;
  else
    for (let at = 1; at < message.length; at += partBytes)
      yield frame(message[0] ?? 0, message.subarray(at, at + partBytes));
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/** A frame of one channel. */
export function frame(channel: number, data: Uint8Array | string = ''): Buffer {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
  const out = Buffer.allocUnsafe(bytes.length + 1);
  out[0] = channel;
  out.set(bytes, 1);
  return out;
}
