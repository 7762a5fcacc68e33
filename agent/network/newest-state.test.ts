import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createNewestState } from './newest-state.ts';

describe('the newest state', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is worked on alone, and those between are left out', async () => {
    const worked: number[] = [];
    let release = () => {};
    const newest = createNewestState<{ n: number }>({
      steps: ({ n }) => [
        () =>
          new Promise((resolve) => {
            worked.push(n);
            release = resolve;
          }),
      ],
      onError: () => expect.unreachable(),
      onFailed: () => expect.unreachable(),
    });
    expect(newest.isSettled).toBe(false);
    const all = Promise.all([1, 2, 3].map((n) => newest.apply({ n })));
    await vi.advanceTimersByTimeAsync(0);
    expect(worked).toEqual([3]);
    const last = newest.apply({ n: 4 });
    release();
    await vi.advanceTimersByTimeAsync(0);
    expect(worked).toEqual([3, 4]);
    release();
    await Promise.all([all, last]);
    expect(newest.isSettled).toBe(true);
  });

  it('comes again after a pause where a step failed, whose followers are done all the same', async () => {
    const done: string[] = [];
    let fails = true;
    const errors: unknown[] = [];
    const failed = vi.fn();
    const newest = createNewestState<object>({
      steps: () => [
        async () => {
          if (fails) throw new Error('no');
          done.push('first');
        },
        async () => void done.push('second'),
      ],
      onError: (error) => errors.push(error),
      onFailed: failed,
    });
    await newest.apply({});
    expect([done, errors.length, failed.mock.calls.length]).toEqual([['second'], 1, 1]);
    fails = false;
    await vi.advanceTimersByTimeAsync(2000);
    expect(done).toEqual(['second', 'first', 'second']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is left alone once it was stopped', async () => {
    const worked = vi.fn(async () => {
      throw new Error('no');
    });
    const newest = createNewestState<object>({ steps: () => [worked], onError: () => {}, onFailed: () => {} });
    await newest.apply({});
    await newest.stop();
    await vi.advanceTimersByTimeAsync(120_000);
    await newest.apply({});
    expect(worked).toHaveBeenCalledTimes(1);
    newest.start();
    newest.again();
    await vi.advanceTimersByTimeAsync(0);
    expect(worked).toHaveBeenCalledTimes(2);
  });
});
