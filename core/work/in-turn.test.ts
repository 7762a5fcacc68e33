import { describe, expect, it } from 'vitest';
import { modelCalls } from '../../test/simulation/model/calls.ts';
import { ModelTable } from '../../test/simulation/model/table.ts';
import { tableDueWakes } from '../store/dynamodb/due-wakes.ts';
import { tableWakes } from '../store/dynamodb/wakes.ts';
import { inTurn } from './in-turn.ts';
import { createWaking, type SleepRequest } from './waking.ts';

function opened() {
  const surroundings = { now: Date.now, sleep: async () => {}, random: Math.random };
  const calls = modelCalls(new ModelTable(Date.now));
  const wakes = { ...tableWakes(calls, 'store', surroundings), ...tableDueWakes(calls, 'store', surroundings) };
  const called: [string, object][] = [];
  const waking = createWaking({
    wakes,
    invoke: async (name, event) => void called.push([name, event]),
    clock: Date.now,
  });
  const turn = (work: () => Promise<'quiet' | 'late'>) =>
    inTurn({ worker: 'controllers', wakeup: {}, wakes, waking, onError: () => {} }, work);
  return { wakes, waking, called, turn };
}

describe('workers in turn', () => {
  it('look again for what is noted while they work, and are called for what comes afterwards', async () => {
    const { waking, called, turn } = opened();
    await waking.wake('controllers');
    let looks = 0;
    await turn(async () => {
      looks++;
      if (looks < 3) await waking.wake('controllers');
      return 'quiet';
    });
    expect(looks).toBe(3);
    expect(called).toEqual([['controllers', {}]]);
    await waking.wake('controllers');
    expect(called).toHaveLength(2);
  });

  it('leave it to who works already', async () => {
    const { turn } = opened();
    let looks = 0;
    await turn(async () => {
      await turn(async () => {
        looks++;
        return 'quiet';
      });
      return 'quiet';
    });
    expect(looks).toBe(0);
  });

  it('go on in another invocation when their time is over, which may begin at once', async () => {
    const { called, turn } = opened();
    await turn(async () => 'late');
    expect(called).toEqual([['controllers', {}]]);
    let looks = 0;
    await turn(async () => {
      looks++;
      return 'quiet';
    });
    expect(looks).toBe(1);
  });

  it('fail with their work, and hold up nobody who comes then', async () => {
    const { waking, called, turn } = opened();
    await expect(
      turn(async () => {
        throw new Error('the table is throttled');
      }),
    ).rejects.toThrow('throttled');
    await waking.wake('controllers');
    expect(called).toHaveLength(1);
  });
});

describe('what is due later', () => {
  it('is slept for where it is due in a moment, and noted where it is not', async () => {
    const { wakes, waking, called } = opened();
    const soon = Date.now() + 2000;
    await waking.wakeAt('scheduler', {}, soon);
    expect(called).toEqual([
      ['streamTrigger', { sleep: { worker: 'scheduler', wakeup: {}, at: soon } } satisfies SleepRequest],
    ]);
    expect(await wakes.due()).toEqual([]);
    await waking.wakeAt('hosting', { cluster: 'a' }, soon + 60_000);
    expect(called).toHaveLength(1);
    expect(await wakes.due()).toEqual([{ worker: 'hosting', part: 'a', at: soon + 60_000 }]);
  });
});
