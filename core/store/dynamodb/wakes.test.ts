import { describe, expect, it } from 'vitest';
import { modelCalls } from '../../../test/simulation/model/calls.ts';
import { ModelTable } from '../../../test/simulation/model/table.ts';
import { callingMs, workingMs } from '../wakes.ts';
import type { DynamoCalls } from './calls.ts';
import { tableDueWakes } from './due-wakes.ts';
import { tableWakes } from './wakes.ts';

const controllers = { worker: 'controllers', part: '' };

function opened() {
  const time = { now: 1_000_000 };
  const surroundings = { now: () => time.now, sleep: async () => {}, random: () => 0.5 };
  const calls = modelCalls(new ModelTable(() => time.now));
  const lost = { next: false };
  const faulty: DynamoCalls = {
    ...calls,
    async updateItem(input) {
      const answer = await calls.updateItem(input);
      if (!lost.next) return answer;
      lost.next = false;
      throw Object.assign(new Error('the connection broke'), { code: 'ECONNRESET' });
    },
  };
  const wakes = { ...tableWakes(faulty, 'store', surroundings), ...tableDueWakes(faulty, 'store', surroundings) };
  return { wakes, time, lost };
}

describe('notes of who is woken', () => {
  it('have the first of many call, and the next a while later, since a call may be lost', async () => {
    const { wakes, time } = opened();
    expect(await wakes.note(controllers)).toBe(true);
    expect(await Promise.all([1, 2, 3].map(() => wakes.note(controllers)))).toEqual([false, false, false]);
    expect(await wakes.note({ worker: 'hosting', part: 'a' })).toBe(true);
    expect(await wakes.note({ worker: 'hosting', part: 'b' })).toBe(true);
    time.now += callingMs;
    expect(await wakes.note(controllers)).toBe(true);
  });

  it('have whoever gets no answer call, though the note was written', async () => {
    const { wakes, lost } = opened();
    lost.next = true;
    expect(await wakes.note(controllers)).toBe(true);
    expect(await wakes.note(controllers)).toBe(false);
  });

  it('call nobody beside one who works, and have that one look again', async () => {
    const { wakes } = opened();
    await wakes.note(controllers);
    expect(await wakes.begin(controllers, 'a')).toBe(1);
    expect(await wakes.begin(controllers, 'b')).toBeUndefined();
    expect(await wakes.note(controllers)).toBe(false);
    expect(await wakes.end(controllers, 'a', 1)).toBe(2);
    expect(await wakes.end(controllers, 'a', 2)).toBeUndefined();
    // In the same moment: the call before this one was for what was seen.
    expect(await wakes.note(controllers)).toBe(true);
  });

  it('count one as dead that says nothing for long, and let another begin', async () => {
    const { wakes, time } = opened();
    await wakes.note(controllers);
    await wakes.begin(controllers, 'a');
    time.now += workingMs - 1;
    await wakes.goOn(controllers, 'a');
    time.now += workingMs - 1;
    expect(await wakes.begin(controllers, 'b')).toBeUndefined();
    time.now += 2;
    expect(await wakes.note(controllers)).toBe(true);
    expect(await wakes.begin(controllers, 'b')).toBe(2);
    // Of the one that was not dead after all nothing is taken for the other's.
    await wakes.goOn(controllers, 'a');
    expect(await wakes.end(controllers, 'a', 2)).toBeUndefined();
    await wakes.stop(controllers, 'a', 2);
    expect(await wakes.begin(controllers, 'c')).toBeUndefined();
  });

  it('tell what was noted and never looked at, by nobody who is called or works', async () => {
    const { wakes, time } = opened();
    const forgotten = async () => (await wakes.noted('controllers')).map((each) => each.forgotten);
    await wakes.note(controllers);
    expect(await forgotten()).toEqual([false]);
    time.now += 3 * callingMs;
    expect(await forgotten()).toEqual([true]);
    await wakes.begin(controllers, 'a');
    expect(await forgotten()).toEqual([false]);
    time.now += workingMs + 1;
    expect(await forgotten()).toEqual([true]);
    const seen = await wakes.begin(controllers, 'b');
    await wakes.end(controllers, 'b', seen ?? 0);
    expect(await forgotten()).toEqual([false]);
  });

  it('are left to whoever sees that somebody goes on, where work stops half', async () => {
    const { wakes, time } = opened();
    await wakes.note(controllers);
    await wakes.begin(controllers, 'a');
    await wakes.stop(controllers, 'a', 1);
    time.now += 10 * callingMs;
    expect((await wakes.noted('controllers')).map(({ forgotten }) => forgotten)).toEqual([false]);
    expect(await wakes.begin(controllers, 'b')).toBe(1);
  });
});

describe('what is due', () => {
  it('is what is due first, until that is over', async () => {
    const { wakes, time } = opened();
    const at = time.now + 60_000;
    await wakes.wakeAt(controllers, at);
    await wakes.wakeAt(controllers, at + 1000);
    expect(await wakes.due()).toEqual([{ ...controllers, at }]);
    await wakes.wakeAt(controllers, at - 1000);
    expect(await wakes.due()).toEqual([{ ...controllers, at: at - 1000 }]);
    time.now = at;
    await wakes.wakeAt(controllers, at + 5000);
    expect(await wakes.due()).toEqual([{ ...controllers, at: at + 5000 }]);
  });

  it('is done with once, and not where something else is due meanwhile', async () => {
    const { wakes, time } = opened();
    const part = '9b1f6b0e-7f7c-4f43-8d9a-2b9f6a1c0d3e';
    const due = { worker: 'hosting', part, at: time.now + 60_000 };
    await wakes.wakeAt(due, due.at);
    await wakes.touch(due);
    await wakes.wakeAt(due, due.at - 30_000);
    await wakes.done(due);
    expect(await wakes.due()).toEqual([{ ...due, at: due.at - 30_000 }]);
    await wakes.done({ ...due, at: due.at - 30_000 });
    expect(await wakes.due()).toEqual([]);
    // A note that is gone is not made by looking at it.
    await wakes.touch(due);
    expect(await wakes.due()).toEqual([]);
  });
});
