// Node destroys an HTTP/2 stream when its last frame has gone out, unless its body is still being read: then it waits for the answer's
// write to be reported too. Destroyed before that, node makes an error for the write that nobody hears of, with a stack: a tenth of what a
// small write costs. So a body that came whole is not read to its end until the answer is away.

import type { ServerHttp2Stream } from 'node:http2';
import type { Readable } from 'node:stream';

/**
 * How many bytes of a body tell that it is whole, without its end: NaN where only the end does. nghttp2 holds a stream to the length that
 * its headers announce (RFC 9113, section 8.1.1), so nothing can come after them.
 */
export function announcedBytes(stream: Readable, contentLength: string | undefined): number {
  return isHttp2(stream) && contentLength !== undefined ? Number(contentLength) : Number.NaN;
}

/**
 * All that a stream announced, where it is there by now; undefined where it is not. Taken without listening for it, which costs as much
 * as the rest of a small request.
 */
export function takeAnnounced(stream: Readable, announced: number): Uint8Array | undefined {
  if (announced === 0 || stream.readableLength !== announced) return undefined;
  // Asked for no more than there is, a stream does not look for its end.
  const bytes: Uint8Array | null = stream.read(announced);
  if (bytes) hold(stream);
  return bytes ?? undefined;
}

/** Of a stream that gave all the bytes that it announced, and is read no more: 'end' comes once the answer has been written. */
export function holdEnd(stream: Readable): void {
  stream.pause();
  hold(stream);
}

function hold(stream: Readable): void {
  // A stream that still holds something does not end.
  stream.unshift(held);
  stream.once('finish', letGo);
}

/** Whether the client may still send something of its body. */
export function mayStillSend(stream: ServerHttp2Stream): boolean {
  return !stream.readableEnded && stream.state.remoteClose === 0;
}

const held = Buffer.alloc(1);

/** One for all: see `ignore` in serve.ts. */
function letGo(this: Readable): void {
  this.resume();
}

function isHttp2(stream: Readable): boolean {
  return 'rstCode' in stream;
}
