// One stream between the control plane and an agent: frames (a channel byte and data) on a WebSocket, either end, with back-pressure.

import type { RawData, WebSocket } from 'ws';
import { ByteQueue } from './byte-queue.ts';

/** The channels of remotecommand v5; the protocol's comment in protocol.ts says which stream uses which. */
export const channels = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface FrameSocket {
  /** Ends when the peer closes it, however. */
  readonly frames: AsyncIterable<Uint8Array>;
  /** Resolves when it was handed to the network. Rejects after the socket closed. */
  send(frame: Uint8Array): Promise<void>;
  close(): void;
}

/** Unread bytes above which nothing more is read from the socket. */
const highWaterBytes = 256 * 1024;
/** Keeps the mapping of a NAT alive, and finds peers that went without a word: two silent intervals end the socket. */
const pingMs = 30_000;

export function frameSocket(socket: WebSocket): FrameSocket {
  const queue = new ByteQueue(highWaterBytes, () => {
    if (socket.isPaused && !queue.full) socket.resume();
  });
  socket.on('message', (data) => {
    const frame = bytesOf(data);
    if (frame.length === 0) return;
    queue.push(frame);
    if (queue.full) socket.pause();
  });
  socket.on('error', () => {});
  keepAlive(socket);
  socket.once('close', () => queue.end());
  return {
    frames: queue,
    send: (frame) =>
      new Promise((resolve, reject) =>
        socket.send(frame, { binary: true }, (error) => (error ? reject(error) : resolve())),
      ),
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
