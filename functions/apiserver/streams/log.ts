// `log` as a streamed response.

import { channels } from '../../../core/node/frame-socket.ts';
import type { NodeStream, StreamOpener } from '../../../core/node/node-stream.ts';
import type { ApiResponse } from '../http.ts';
import type { PodStream } from '../streams-contract.ts';
import { logRequest } from './log-options.ts';
import { type BegunStream, begun } from './node-status.ts';

/** Answers when the node has begun, so that what it cannot give is an HTTP error. */
export async function respondLog(opener: StreamOpener, stream: PodStream): Promise<ApiResponse> {
  const { body } = await openLog(opener, stream);
  return { status: 200, headers: { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' }, body };
}

interface OpenLog {
  /** Leaving it early closes it. */
  readonly body: AsyncIterable<Uint8Array>;
  close(): void;
}

/** Resolves when the node has begun. Throws StatusError. */
export async function openLog(opener: StreamOpener, stream: PodStream): Promise<OpenLog> {
  const node = await opener.open(stream.node, logRequest(stream), stream.request.signal);
  try {
    return { body: bodyOf(node, await begun(node)), close: () => node.close() };
  } catch (error) {
    node.close();
    throw error;
  }
}

/** The log's bytes; the node gets a message when nobody reads any more. Throws when the node fails or leaves in the middle. */
function bodyOf(node: NodeStream, { first, frames }: BegunStream): AsyncIterable<Uint8Array> {
  let next: Uint8Array | undefined = first;
  const finish = async () => {
    node.close();
    await frames.return?.();
    return { done: true, value: undefined } as const;
  };
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          const frame = next;
          next = undefined;
          if (frame && frame.length > 1 && frame[0] === channels.stdout)
            return { done: false, value: frame.subarray(1) };
          // The log failed after its first bytes went out: all that is left is to end it.
          if (frame && frame[0] === channels.error) return finish();
          const result = await frames.next();
          if (result.done) return finish();
          next = result.value;
        }
      },
      return: finish,
    }),
  };
}
