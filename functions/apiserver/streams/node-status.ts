// Statuses that a node sends on a stream's error channel.

import { foreignFailure, readStatus } from '../../../core/machinery/foreign-status.ts';
import { decodeJson } from '../../../core/machinery/json-body.ts';
import { type Status, StatusError } from '../../../core/machinery/status.ts';
import { channels } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../../../core/node/node-stream.ts';

/** The Status in a frame. What is none is a failure that says so. */
export function nodeStatus(bytes: Uint8Array): Status {
  return readStatus(jsonOf(bytes));
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return decodeJson(bytes);
  } catch {
    return undefined;
  }
}

/** A stream of which the node said that it has begun. */
export interface BegunStream {
  /** The first frame among them. */
  readonly frames: AsyncIterator<Uint8Array>;
  readonly first: Uint8Array;
}

/**
 * Waits for the first frame: the agent sends an empty one when the stream is open, or a Status on the error channel. Throws that as
 * StatusError, and ServiceUnavailable when the node leaves without a word.
 */
export async function begun(stream: NodeStream): Promise<BegunStream> {
  const frames = stream.frames[Symbol.asyncIterator]();
  const { done, value } = await frames.next();
  if (done) throw new StatusError('ServiceUnavailable', 'the node ended the stream before it began');
  if (value[0] !== channels.error) return { frames, first: value };
  stream.close();
  throw foreignFailure(jsonOf(value.subarray(1)));
}
