import { describe, expect, it } from 'vitest';
import { type WorkerLoop, workUntilQuiet } from './until-quiet.ts';
import { createWakeupTimers } from './wakeup-timers.ts';
import { createWakeups } from './wakeups.ts';

function loopOf(idle: () => Promise<void>) {
  const left: number[] = [];
  const timers = createWakeupTimers(Date.now);
  const waking = {
    wake: async () => {},
    wakeAt: async (_worker: string, _wakeup: object, at: number) => void left.push(at),
  };
  const wakeups = createWakeups({ waking, self: 'controllers', onError: () => {} });
  const loop: WorkerLoop = { worker: 'controllers', wakeup: {}, idle, wakeups, timers, waking, clock: Date.now };
  return { loop, left, timers };
}

describe('an invocation of a worker', () => {
  it('ends when nothing is left to do', async () => {
    let looks = 0;
    const { loop, left } = loopOf(async () => void looks++);
    expect(await workUntilQuiet(loop, { at: undefined }, () => 60_000)).toBe('quiet');
    expect(looks).toBe(1);
    expect(left).toEqual([]);
  });

  it('says when its time is nearly over', async () => {
    const { loop } = loopOf(() => new Promise(() => {}));
    expect(await workUntilQuiet(loop, { at: undefined }, () => 5_020)).toBe('late');
  });

  it('waits for what is due at once, and leaves one delayed wake-up for what is due later', async () => {
    let fired = false;
    const { loop, left, timers } = loopOf(async () => {});
    timers.setTimeout(() => {
      fired = true;
    }, 20);
    const later = timers.setTimeout(() => {}, 42_000);
    const delayed = { at: undefined };
    await workUntilQuiet(loop, delayed, () => 60_000);
    expect(fired).toBe(true);
    await workUntilQuiet(loop, delayed, () => 60_000);
    expect(left).toEqual([timers.nextDue()]);
    timers.clearTimeout(later);
    expect(timers.nextDue()).toBeUndefined();
  });

  it('fails with its work, so that it is called again', async () => {
    const { loop } = loopOf(async () => {
      throw new Error('the table is throttled');
    });
    await expect(workUntilQuiet(loop, { at: undefined }, () => 60_000)).rejects.toThrow('throttled');
  });
});
