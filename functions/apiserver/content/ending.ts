// Bodies that last: what is to happen once they have ended.

import type { ApiResponse } from '../http.ts';

/** Of unknown length: a watch, a log. A large list comes in parts too, but says how long it is. */
export function isStream(response: ApiResponse): response is ApiResponse & { body: AsyncIterable<Uint8Array> } {
  return response.body !== undefined && !(response.body instanceof Uint8Array) && response.bytes === undefined;
}

/** `end` is called once, when the body has ended, however it does: also when nobody began to read it. Its reader waits for it. */
export function ending(body: AsyncIterable<Uint8Array>, end: () => void | Promise<void>): AsyncIterable<Uint8Array> {
  const ended = once(end);
  return {
    [Symbol.asyncIterator]() {
      const iterator = body[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const result = await iterator.next();
            if (result.done) await ended();
            return result;
          } catch (error) {
            await ended();
            throw error;
          }
        },
        async return() {
          await Promise.all([ended(), iterator.return?.()]);
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** The same, the first time it is called only. */
export function once<T>(run: () => T): () => T | undefined {
  let done = false;
  return () => {
    if (done) return undefined;
    done = true;
    return run();
  };
}
