// Statuses that a node sends on a stream's error channel.

import { parseJson } from '../../../core/machinery/json.ts';
import { type Status, StatusError, type StatusReason, statusCodes } from '../../../core/machinery/status.ts';
import { channels } from '../../../core/node/frame-socket.ts';
import type { NodeStream } from '../streams-contract.ts';

/** What a node reported as its failure, for the client. */
function statusErrorOf(bytes: Uint8Array): StatusError {
  try {
    // as: the node's agent is ours; what it sends is a Status, and each field is looked at below.
    const status = parseJson(Buffer.from(bytes).toString('utf8')) as Partial<Status>;
    const reason = status.reason && Object.hasOwn(statusCodes, status.reason) ? status.reason : 'InternalError';
    // as: it is a key of the table.
    return new StatusError(reason as StatusReason, String(status.message ?? 'the node gave no reason'), status.details);
  } catch {
    return new StatusError('InternalError', 'the node sent a failure that is not a Status');
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
  throw statusErrorOf(value.subarray(1));
}
