import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { queueContract } from '../contract.ts';
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

  it('ends the waits of a queue that is removed', async () => {
    const queue = createLocalQueue({ now: Date.now, visibilitySeconds: 30 });
    const waiting = queue.receive('q', { waitSeconds: 20, max: 10 });
    await queue.remove('q');
    expect(await waiting).toEqual([]);
  });
});
