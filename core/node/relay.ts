// Streams between a client and a node where no connection can be upgraded: the agent posts its frames in batches, and takes the frames
// for it from the answers. Between the two functions that a client and an agent speak to, batches lie in the store (store/relays.ts).
//
//   POST /apis/agent.zeroplane.dev/v1/nodes/{node}/streams/{id}?writer=W&batch=N&end=true&after=M&wait=T   a batch, or nothing -> RelayAnswer
//
// `batch` counts from 1 without gaps; a post that was not answered is repeated as it was. `wait`: for so many milliseconds the answer may
// wait for frames. 404: nobody waits for the stream any more.

import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

export interface RelayAnswer {
  /** The last batch that the client's side has read. */
  readonly taken: number;
  /** Batches for the agent after the one that it named, in base64. */
  readonly batches: readonly { readonly batch: number; readonly bytes: string }[];
}

/** Bytes of frames above which a batch is full: with its compression's overhead it fits into one item of the store. */
export const fullBatchBytes = 256 * 1024;
/** Frames are cut to this size, so that a batch is never much more than full. */
const longestFrame = 64 * 1024;
/** What a batch may have in the store and on the wire. */
export const largestBatchBytes = fullBatchBytes + longestFrame + 16 * 1024;
/** An agent is ahead of its reader by at most so many bytes of frames, in at most so many batches. */
export const windowBytes = 1024 * 1024;
export const windowBatches = 32;
/** An agent that has nothing to say sends an empty batch this often; one that was silent for `keepAliveTimeoutMs` is gone. */
export const keepAliveIntervalMs = 20_000;
export const keepAliveTimeoutMs = 75_000;

/** Frames as one batch: each behind its length in four bytes, all compressed. */
export function packFrames(frames: readonly Uint8Array[]): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (const frame of frames) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(frame.length);
    parts.push(length, frame);
  }
  return gzip(Buffer.concat(parts), { level: 5 });
}

/** Throws an Error for what is no batch. */
export async function unpackFrames(batch: Uint8Array): Promise<Buffer[]> {
  const bytes = await gunzip(batch, { maxOutputLength: largestBatchBytes });
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) throw new Error('a batch of frames ends within a length');
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new Error('a batch of frames ends within a frame');
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}

/** A frame as frames of the same channel that fit into a batch. */
export function cutFrame(frame: Uint8Array): Uint8Array[] {
  if (frame.length <= longestFrame) return [frame];
  const pieces: Uint8Array[] = [];
  for (let at = 1; at < frame.length; at += longestFrame - 1) {
    const piece = Buffer.alloc(Math.min(longestFrame, frame.length - at + 1));
    piece[0] = frame[0] ?? 0;
    piece.set(frame.subarray(at, at + piece.length - 1), 1);
    pieces.push(piece);
  }
  return pieces;
}
