// A text that may say nothing for long, behind a gateway that ends silent connections: compressed, it can be kept alive with bytes
// that mean nothing. Source: RFC 1951, section 3.2.4 (empty stored blocks); API Gateway's idle time-outs of response streaming.

import { once } from 'node:events';
import { constants, createGzip } from 'node:zlib';

/** An empty stored block. It may stand wherever a block was flushed to a whole byte. */
const emptyBlock = Uint8Array.of(0, 0, 0, 0xff, 0xff);

/** Every chunk goes out as it comes, and the head at once; after `idleMs` without a chunk goes an empty block. */
export async function* withKeepAlive(body: AsyncIterable<Uint8Array>, idleMs: number): AsyncGenerator<Uint8Array> {
  const gzip = createGzip({ level: 1 });
  const packed: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => packed.push(chunk));
  const flush = () => new Promise<void>((resolve) => gzip.flush(constants.Z_SYNC_FLUSH, resolve));
  const chunks = body[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  try {
    let next = chunks.next();
    next.catch(() => undefined);
    await flush();
    yield* packed.splice(0);
    for (;;) {
      const idle = new Promise<'idle'>((resolve) => {
        timer = setTimeout(() => resolve('idle'), idleMs);
      });
      const found = await Promise.race([next, idle]);
      clearTimeout(timer);
      if (found === 'idle') {
        yield emptyBlock;
        continue;
      }
      if (found.done) break;
      gzip.write(found.value);
      next = chunks.next();
      // Awaited in the next turn: a failure before that is not unheard.
      next.catch(() => undefined);
      await flush();
      yield* packed.splice(0);
    }
    gzip.end();
    await once(gzip, 'end');
    yield* packed.splice(0);
  } finally {
    clearTimeout(timer);
    gzip.destroy();
    await chunks.return?.();
  }
}
