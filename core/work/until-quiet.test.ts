import { describe, expect, it } from 'vitest';
import { type WorkerLoop, workUntilQuiet } from './until-quiet.ts';
import { createWakeupTimers } from './wakeup-timers.ts';
import { createWakeups } from './wakeups.ts';

function loopOf(idle: () => Promise<void>) {
  const sent: [string, number][] = [];
  const timers = createWakeupTimers(Date.now);
  const queue = {
    send: async () => {},
    sendLater: async (name: string, _body: string, seconds: number) => void sent.push([name, seconds]),
  };
  const wakeups = createWakeups({ queue, self: 'controllers', onError: () => {} });
  const loop: WorkerLoop = { worker: 'controllers', idle, wakeups, timers, queue, clock: Date.now };
  return { loop, sent, timers };
}

describe('an invocation of a worker', () => {
  it('ends when nothing is left to do', async () => {
    let looks = 0;
    const { loop, sent } = loopOf(async () => void looks++);
    await workUntilQuiet(loop, { at: undefined }, () => 60_000);
    expect(looks).toBe(1);
    expect(sent).toEqual([]);
  });

  it('asks to go on when its time is nearly over', async () => {
    const { loop, sent } = loopOf(() => new Promise(() => {}));
    await workUntilQuiet(loop, { at: undefined }, () => 5_020);
    expect(sent).toEqual([['work-controllers', 0]]);
  });

  it('waits for what is due at once, and leaves one delayed wake-up for what is due later', async () => {
    let fired = false;
    const { loop, sent, timers } = loopOf(async () => {});
    timers.setTimeout(() => {
      fired = true;
    }, 20);
    const later = timers.setTimeout(() => {}, 42_000);
    const delayed = { at: undefined };
    await workUntilQuiet(loop, delayed, () => 60_000);
    expect(fired).toBe(true);
    await workUntilQuiet(loop, delayed, () => 60_000);
    expect(sent).toEqual([['work-controllers', 50]]);
    timers.clearTimeout(later);
    expect(timers.nextDue()).toBeUndefined();
  });

  it('fails with its work, so that the message comes again', async () => {
    const { loop } = loopOf(async () => {
      throw new Error('the table is throttled');
    });
    await expect(workUntilQuiet(loop, { at: undefined }, () => 60_000)).rejects.toThrow('throttled');
  });
});
