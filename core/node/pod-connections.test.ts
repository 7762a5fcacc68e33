import { describe, expect, it } from 'vitest';
import { ByteQueue } from './byte-queue.ts';
import type { NodeStream } from './node-stream.ts';
import { passingConnections } from './pod-connections.ts';

const port = { namespace: 'a', pod: 'p', uid: 'u', node: 'n', port: 443 };

/** Opens a stream when it is told to, and says which of them were closed. */
function broker() {
  const waiting: (() => void)[] = [];
  const closed: number[] = [];
  let opened = 0;
  return {
    closed,
    openAll: () => {
      for (const open of waiting.splice(0)) open();
    },
    settled: async () => undefined,
    async open(): Promise<NodeStream> {
      await new Promise<void>((resolve) => waiting.push(resolve));
      const number = ++opened;
      const frames = new ByteQueue(1024);
      return {
        frames,
        send: async () => undefined,
        deserted: () => new Promise<void>(() => {}),
        close: () => void closed.push(number),
      };
    },
  };
}

describe('connections of one piece of work', () => {
  it('end with it', async () => {
    const given = broker();
    const { connect, end } = passingConnections(given);
    const making = [connect(port), connect(port)];
    given.openAll();
    const [first, second] = await Promise.all(making);
    first?.destroy();
    await end();
    expect(second?.destroyed).toBe(true);
    await expect.poll(() => given.closed).toEqual([1, 2]);
  });

  it('end also where they were still being made, and the next work has new ones', async () => {
    const given = broker();
    const { connect, end } = passingConnections(given);
    const making = connect(port);
    await end();
    given.openAll();
    await expect(making).rejects.toMatchObject({
      reason: 'ServiceUnavailable',
      message: 'what the connection was for has ended',
    });
    await expect.poll(() => given.closed).toEqual([1]);
    const next = connect(port);
    given.openAll();
    expect((await next).destroyed).toBe(false);
    await end();
  });
});
