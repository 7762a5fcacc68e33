// Several sources of frames as one.

import { ByteQueue } from '../../../core/node/byte-queue.ts';

const bufferedBytes = 64 * 1024;

/** Yields what any source gives, until `over` resolves; a source that fails or ends only leaves the others. */
export function mergeFrames(
  sources: readonly AsyncIterable<Uint8Array>[],
  over: Promise<void>,
): AsyncIterable<Uint8Array> {
  const merged = new ByteQueue(bufferedBytes);
  const take = async (source: AsyncIterable<Uint8Array>) => {
    for await (const frame of source) {
      merged.push(frame);
      await merged.room();
    }
  };
  for (const source of sources) take(source).catch(() => undefined);
  void over.then(() => merged.end());
  return merged;
}
