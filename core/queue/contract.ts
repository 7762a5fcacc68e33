// The suite that every Queue passes.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message, Queue } from './queue.ts';
import { maximumBody, QueueError } from './queue.ts';

export interface OpenedQueue {
  /** Its messages come again 1 second after they were received. */
  readonly queue: Queue;
  dispose(): Promise<void>;
}

export function queueContract(name: string, open: () => Promise<OpenedQueue>): void {
  describe(`queue contract: ${name}`, () => {
    let opened: OpenedQueue;
    let queue: Queue;
    beforeEach(async () => {
      opened = await open();
      queue = opened.queue;
      await queue.create('node-1');
      await queue.create('node-2');
    });
    afterEach(() => opened.dispose());

    const now = { waitSeconds: 0, max: 10 } as const;

    it('delivers what was sent, to the queue it was sent to', async () => {
      await queue.send('node-1', '{"kind":"changed"}');
      expect(await queue.receive('node-2', now)).toEqual([]);
      expect(bodies(await queue.receive('node-1', now))).toEqual(['{"kind":"changed"}']);
    });

    it('carries any text, up to its limit', async () => {
      const text = `${'é\n€ "'.repeat(10)}${'x'.repeat(100_000)}`;
      await queue.send('node-1', text);
      expect(bodies(await queue.receive('node-1', now))).toEqual([text]);
      const tooLarge = queue.send('node-1', 'x'.repeat(maximumBody + 1));
      await expect(tooLarge).rejects.toBeInstanceOf(QueueError);
      await expect(tooLarge).rejects.toMatchObject({ code: 'tooLarge', queue: 'node-1' });
    });

    it('hides a received message, and does not bring it again once it is acknowledged', async () => {
      await queue.send('node-1', 'a');
      const [message] = await queue.receive('node-1', now);
      expect(await queue.receive('node-1', now)).toEqual([]);
      await queue.acknowledge('node-1', [message?.receipt ?? '']);
      expect(await queue.receive('node-1', { waitSeconds: 2, max: 10 })).toEqual([]);
    });

    it('brings a message again that was not acknowledged in time, with a new receipt, to one who waits for it', async () => {
      await queue.send('node-1', 'a');
      const [first] = await queue.receive('node-1', now);
      const [again] = await queue.receive('node-1', { waitSeconds: 5, max: 10 });
      expect(again).toMatchObject({ id: first?.id, body: 'a' });
      expect(again?.receipt).not.toBe(first?.receipt);
    });

    it('gives at most as many as were asked for, and all of them in time', async () => {
      for (let i = 0; i < 12; i++) await queue.send('node-1', String(i));
      const received = new Set<string>();
      await expect
        .poll(async () => {
          const messages = await queue.receive('node-1', { waitSeconds: 0, max: 5 });
          expect(messages.length).toBeLessThanOrEqual(5);
          await queue.acknowledge(
            'node-1',
            messages.map((message) => message.receipt),
          );
          for (const body of bodies(messages)) received.add(body);
          return received.size;
        })
        .toBe(12);
    });

    it('acknowledges more receipts at once than one request carries', async () => {
      for (let i = 0; i < 12; i++) await queue.send('node-1', String(i));
      const receipts: string[] = [];
      await expect
        .poll(async () => receipts.push(...(await queue.receive('node-1', now)).map((message) => message.receipt)))
        .toBe(12);
      await queue.acknowledge('node-1', receipts);
      expect(await queue.receive('node-1', { waitSeconds: 2, max: 10 })).toEqual([]);
    });

    it('wakes one who waits as soon as a message comes', async () => {
      const waiting = queue.receive('node-1', { waitSeconds: 15, max: 10 });
      const start = performance.now();
      await queue.send('node-1', 'wake up');
      expect(bodies(await waiting)).toEqual(['wake up']);
      expect(performance.now() - start).toBeLessThan(5000);
    });

    it('answers empty when nothing came in time', async () => {
      const start = performance.now();
      expect(await queue.receive('node-1', { waitSeconds: 1, max: 1 })).toEqual([]);
      expect(performance.now() - start).toBeGreaterThan(900);
    });

    it('stops waiting when the signal is aborted, and loses no message by it', async () => {
      const controller = new AbortController();
      const waiting = queue.receive('node-1', { waitSeconds: 15, max: 10, signal: controller.signal });
      controller.abort();
      expect(await waiting).toEqual([]);
      await queue.send('node-1', 'kept');
      // A server may hand it to the wait that was given up, until it learns of that: then it comes again.
      expect(bodies(await queue.receive('node-1', { waitSeconds: 5, max: 10 }))).toEqual(['kept']);
    });

    it('takes a receipt that means nothing any more', async () => {
      await queue.send('node-1', 'a');
      const [message] = await queue.receive('node-1', now);
      await queue.acknowledge('node-1', [message?.receipt ?? '']);
      await queue.acknowledge('node-1', [message?.receipt ?? '']);
      await queue.acknowledge('node-1', []);
    });

    it('can be made twice, and removed twice, with what waits in it', async () => {
      await queue.send('node-1', 'a');
      await queue.create('node-1');
      expect(bodies(await queue.receive('node-1', now))).toEqual(['a']);
      await queue.remove('node-1');
      await queue.remove('node-1');
      await queue.remove('never-made');
    });
  });
}

function bodies(messages: readonly Message[]): string[] {
  return messages.map((message) => message.body);
}
