import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queueContract } from '../contract.ts';
import type { Message, Queue } from '../queue.ts';
import { createLocalQueue } from './local-queue.ts';

queueContract('local', async () => ({
  queue: createLocalQueue({ now: Date.now, visibilitySeconds: 1 }),
  dispose: async () => {},
}));

describe('the local queue', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  const now = { waitSeconds: 0, max: 10 };
  const receiveAll = async (queue: Queue, name: string) => {
    const all: Message[] = [];
    for (let got = await queue.receive(name, now); got.length > 0; got = await queue.receive(name, now))
      all.push(...got);
    return all;
  };

  it('brings a message again exactly when its time-out ends', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    await queue.send('q', 'a');
    await queue.receive('q', now);
    vi.advanceTimersByTime(29_999);
    expect(await queue.receive('q', now)).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(await queue.receive('q', now)).toHaveLength(1);
  });

  it('gives a message to one of those who wait, the longest first', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const first = queue.receive('q', { waitSeconds: 20, max: 10 });
    const second = queue.receive('q', { waitSeconds: 20, max: 10 });
    await queue.send('q', 'a');
    expect((await first).map((message) => message.body)).toEqual(['a']);
    await queue.send('q', 'b');
    expect((await second).map((message) => message.body)).toEqual(['b']);
  });

  it('forgets the oldest of what nobody reads', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    for (let i = 0; i <= 10_000; i++) await queue.send('q', String(i));
    expect((await queue.receive('q', { waitSeconds: 0, max: 1 })).map((message) => message.body)).toEqual(['1']);
    vi.advanceTimersByTime(61 * 60_000);
    await queue.send('q', 'fresh');
    // What was in flight is visible again; what waited too long is gone.
    expect((await queue.receive('q', now)).map((message) => message.body)).toEqual(['fresh', '1']);
  });

  it('holds so many bytes for those who are not there, and no more', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const body = 'x'.repeat(256 * 1024);
    for (let i = 0; i < 100; i++) await queue.send('gone', `${body.slice(3)}${String(i).padStart(3, '0')}`);
    const held: string[] = [];
    for (let got = await queue.receive('gone', now); got.length > 0; got = await queue.receive('gone', now))
      held.push(...got.map((message) => message.body.slice(-3)));
    expect(held).toEqual(Array.from({ length: 15 }, (_, i) => String(85 + i).padStart(3, '0')));
    // What was received and is not acknowledged counts too.
    for (let i = 0; i < 100; i++) await queue.send('gone', body);
    vi.advanceTimersByTime(30_000);
    expect((await receiveAll(queue, 'gone')).length).toBe(15);
  });

  it('holds so many bytes for all of them together: those that hold most lose first', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const body = 'x'.repeat(256 * 1024);
    await queue.send('small', 'a');
    for (let node = 0; node < 100; node++) for (let i = 0; i < 15; i++) await queue.send(`gone-${node}`, body);
    let bytes = 0;
    for (let node = 0; node < 100; node++)
      for (const each of await receiveAll(queue, `gone-${node}`)) bytes += each.body.length;
    expect(bytes).toBeLessThan(70 * 1024 * 1024);
    expect(bytes).toBeGreaterThan(20 * 1024 * 1024);
    expect(await queue.receive('small', now)).toHaveLength(1);
  });

  it('ends the waits of a queue that is removed', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const waiting = queue.receive('q', { waitSeconds: 20, max: 10 });
    await queue.remove('q');
    expect(await waiting).toEqual([]);
  });
});
