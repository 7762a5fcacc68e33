import { describe, expect, it } from 'vitest';
import { saysDue } from '../../core/store/dynamodb/changed-types.ts';
import { tableDueWakes } from '../../core/store/dynamodb/due-wakes.ts';
import { tableWakes } from '../../core/store/dynamodb/wakes.ts';
import { callingMs } from '../../core/store/wakes.ts';
import { createWaking } from '../../core/work/waking.ts';
import { modelCalls } from '../../test/simulation/model/calls.ts';
import { ModelTable } from '../../test/simulation/model/table.ts';
import { tick, wakeAfterSleep, wakeDue } from './wake-due.ts';

const windowMs = 10_000;

/** A table whose stream brings what is due after its window, and a schedule that ticks every minute. `dies`: who is called looks at nothing. */
function world({ dies = false } = {}) {
  const time = { now: 5_000_000 };
  const clock = () => time.now;
  const surroundings = { now: clock, sleep: async () => {}, random: Math.random };
  const table = new ModelTable(clock);
  let windowEnds: number | undefined;
  table.onChange = (before, after) => {
    const { p, s } = after ?? before ?? {};
    if (!p?.S || !s?.S) return;
    const eventName = after ? (before ? 'MODIFY' : 'INSERT') : 'REMOVE';
    const record = { eventName, dynamodb: { Keys: { p: { S: p.S }, s: { S: s.S } } } };
    if (saysDue({ Records: [record] })) windowEnds ??= time.now + windowMs;
  };
  const calls = modelCalls(table);
  const wakes = { ...tableWakes(calls, 'store', surroundings), ...tableDueWakes(calls, 'store', surroundings) };
  const woken: { readonly name: string; readonly event: object; readonly at: number }[] = [];
  const failing = { next: false };
  const waking = createWaking({
    wakes,
    async invoke(name, event) {
      if (failing.next) throw new Error('refused');
      woken.push({ name, event, at: time.now });
      if (dies) return;
      const called = { worker: name, part: 'cluster' in event ? String(event.cluster) : '' };
      await wakes.end(called, 'a', (await wakes.begin(called, 'a')) ?? 0);
    },
    clock,
  });
  const sleep = async (ms: number) => {
    time.now += ms;
  };
  const ticked: { at: number | undefined } = { at: undefined };
  const options = { wakes, waking, clock, sleep, ticked };
  let looks = 0;
  const pass = async (ms: number) => {
    for (const until = time.now + ms; time.now < until; ) {
      time.now += 500;
      const ticks = time.now % 60_000 === 0;
      const batch = windowEnds !== undefined && windowEnds <= time.now;
      if (batch) windowEnds = undefined;
      if (batch || ticks) looks++;
      if (ticks) await tick(options);
      else if (batch) await wakeDue(options);
    }
  };
  return { time, wakes, waking, woken, failing, options, pass, looks: () => looks };
}

describe('what is due', () => {
  it.each([15_000, 42_000, 60_000, 115_000, 299_000])('in %i ms is woken then, at most a window late', async (ms) => {
    const { time, waking, woken, wakes, pass, looks } = world();
    const at = time.now + ms;
    await waking.wakeAt('controllers', {}, at);
    await pass(ms + 30_000);
    expect(woken.map(({ name }) => name)).toEqual(['controllers']);
    const late = (woken[0]?.at ?? 0) - at;
    expect(late).toBeGreaterThanOrEqual(-250);
    expect(late).toBeLessThanOrEqual(windowMs);
    expect(await wakes.due()).toEqual([]);
    // Far off, it costs the look of each tick alone.
    expect(looks()).toBeLessThan(ms / 60_000 + 9);
  });

  it('is left to the tick, where one is known to come before', async () => {
    const { time, waking, woken, pass, looks } = world();
    await pass(60_000 - (time.now % 60_000));
    const before = looks();
    await waking.wakeAt('controllers', {}, time.now + 75_000);
    await pass(60_000);
    // The window that told of it, and the tick.
    expect(looks() - before).toBe(2);
    await pass(30_000);
    expect(woken).toHaveLength(1);
  });

  it('comes again where nobody could be called', async () => {
    const { time, waking, woken, wakes, options, failing } = world();
    await waking.wakeAt('controllers', {}, time.now + 15_000);
    time.now += 15_000;
    failing.next = true;
    await expect(wakeDue(options)).rejects.toThrow('could not be woken');
    expect(await wakes.due()).toHaveLength(1);
    failing.next = false;
    time.now += callingMs;
    await wakeDue(options);
    expect(woken).toHaveLength(1);
    expect(await wakes.due()).toEqual([]);
  });

  it('in a moment is slept for', async () => {
    const { time, woken, options } = world();
    const at = time.now + 3000;
    await wakeAfterSleep(options, { sleep: { worker: 'hosting', wakeup: { cluster: 'a' }, at } });
    expect(woken).toEqual([{ name: 'hosting', event: { cluster: 'a' }, at }]);
  });
});

describe('what was forgotten', () => {
  it('is called for at the next tick: the call was lost, or whoever worked was killed', async () => {
    const { waking, wakes, woken, failing, pass } = world({ dies: true });
    failing.next = true;
    await expect(waking.wake('hosting', { cluster: 'a' })).rejects.toThrow('refused');
    failing.next = false;
    await waking.wake('controllers');
    await wakes.begin({ worker: 'controllers', part: '' }, 'killed');
    await pass(60_000);
    expect(woken.slice(1).map(({ name, event }) => [name, event])).toEqual([
      ['controllers', {}],
      ['hosting', { cluster: 'a' }],
    ]);
  });

  it('is nothing where all was looked at', async () => {
    const { waking, woken, pass } = world();
    await waking.wake('scheduler');
    await pass(180_000);
    expect(woken).toHaveLength(1);
  });
});
