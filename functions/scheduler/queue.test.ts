import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podInfo } from './pod-info.ts';
import { SchedulingQueue } from './queue.ts';
import { queueOrder } from './schedule.ts';
import { makePod } from './testing.ts';

const info = (name: string, priority = 0, created = '2026-01-01T00:00:00Z') =>
  podInfo(makePod(name, { spec: { priority }, metadata: { creationTimestamp: created } }));
const names = (taken: ReturnType<SchedulingQueue['take']>) => taken.map(({ pod }) => pod.name);

describe('SchedulingQueue', () => {
  it('serves the more important first, then the older', () => {
    const queue = new SchedulingQueue();
    queue.add(info('late', 0, '2026-01-01T00:00:05Z'));
    queue.add(info('early', 0, '2026-01-01T00:00:01Z'));
    queue.add(info('vip', 5, '2026-01-01T00:00:09Z'));
    expect(names(queue.take(10, 0))).toEqual(['vip', 'early', 'late']);
  });

  it('lets an important pod pass those that wait already', () => {
    const queue = new SchedulingQueue();
    for (const name of ['a', 'b', 'c']) queue.add(info(name));
    expect(names(queue.take(1, 0))).toEqual(['a']);
    queue.add(info('vip', 5));
    expect(names(queue.take(10, 0))).toEqual(['vip', 'b', 'c']);
  });

  it('pauses longer after each failure, up to ten seconds', () => {
    const queue = new SchedulingQueue();
    queue.add(info('p'));
    let now = 0;
    for (const seconds of [1, 2, 4, 8, 10, 10]) {
      const [waiting] = queue.take(1, now);
      queue.retry(waiting!, now);
      expect(queue.nextDue()).toBe(now + seconds * 1000);
      expect(queue.take(1, now + seconds * 1000 - 1)).toEqual([]);
      now += seconds * 1000;
    }
  });

  it('wakes only whom a change may help, after the pause', () => {
    const queue = new SchedulingQueue();
    for (const name of ['room', 'volumes']) queue.add(info(name));
    const [room, volumes] = queue.take(2, 0);
    queue.sleep(room!, new Set(['room']), 0);
    queue.sleep(volumes!, new Set(['volumes']), 0);
    queue.wake((_pod, blockedBy) => (blockedBy.has('room') ? 'NodeAdd' : undefined), 0);
    expect(queue.sleeping).toBe(1);
    expect(queue.take(2, 999)).toEqual([]);
    expect(names(queue.take(2, 1000))).toEqual(['room']);
  });

  it('tells which event brought a pod into which queue', () => {
    const entered: string[] = [];
    const queue = new SchedulingQueue((name, event) => entered.push(`${event} ${name}`));
    const during = (step: () => void) => {
      step();
      return entered.splice(0);
    };
    const taken = (now: number) => queue.take(1, now)[0]!;
    expect(during(() => queue.add(info('p')))).toEqual(['UnschedulablePodAdd active']);
    expect(during(() => queue.retry(taken(0), 0))).toEqual(['ScheduleAttemptFailure backoff']);
    expect(during(() => queue.sleep(taken(1000), new Set(['room']), 1000))).toEqual([
      'BackoffComplete active',
      'ScheduleAttemptFailure unschedulable',
    ]);
    expect(during(() => queue.wake(() => undefined, 1000))).toEqual([]);
    expect(during(() => queue.wake(() => 'NodeAdd', 1000))).toEqual(['NodeAdd backoff']);
    queue.sleep(taken(3000), new Set(['room']), 3000);
    entered.length = 0;
    // Its pause is over: nothing keeps it any more.
    expect(during(() => queue.wake(() => 'NodeAdd', 8000))).toEqual(['NodeAdd active']);
    queue.sleep(taken(8000), new Set(['room']), 8000);
    entered.length = 0;
    expect(during(() => queue.take(1, 308_000))).toEqual(['UnschedulableTimeout active']);
  });

  it('looks again at who slept for five minutes', () => {
    const queue = new SchedulingQueue();
    queue.add(info('p'));
    queue.sleep(queue.take(1, 0)[0]!, new Set(['node']), 0);
    expect(queue.nextDue()).toBe(300_000);
    expect(queue.take(1, 299_999)).toEqual([]);
    expect(names(queue.take(1, 300_000))).toEqual(['p']);
  });

  it('forgets who was removed, wherever it was', () => {
    const queue = new SchedulingQueue();
    for (const name of ['due', 'pausing', 'asleep']) queue.add(info(name));
    const [asleep, , pausing] = queue.take(3, 0);
    queue.sleep(asleep!, new Set(['node']), 0);
    queue.retry(pausing!, 0);
    for (const name of ['due', 'pausing', 'asleep']) queue.remove(`default/${name}`);
    expect(queue.nextDue()).toBeUndefined();
    expect(queue.take(3, 1e9)).toEqual([]);
  });

  it('never loses or doubles a pod, and keeps the order, however they come', () => {
    const step = fc.record({ name: fc.nat({ max: 20 }), priority: fc.nat({ max: 3 }), take: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const queue = new SchedulingQueue();
        const waiting = new Map<string, ReturnType<typeof info>>();
        for (const { name, priority, take } of steps) {
          const pod = info(`p${name}`, priority);
          queue.add(pod);
          waiting.set(pod.key, pod);
          const taken = queue.take(take, 0).map((each) => each.pod);
          const expected = [...waiting.values()].sort(queueOrder).slice(0, take);
          expect(taken).toEqual(expected);
          for (const each of taken) {
            waiting.delete(each.key);
            queue.remove(each.key);
          }
        }
      }),
    );
  });
});
