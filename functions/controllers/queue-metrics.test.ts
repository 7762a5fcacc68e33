import { expect, it } from 'vitest';
import { renderFamilies } from '../../core/metrics/exposition.ts';
import { readExposition } from '../../core/metrics/testing.ts';
import { createQueueMetrics } from './queue-metrics.ts';
import { createWorkQueue } from './work-queue.ts';

it('A queue tells how many keys came, how long they waited, and how long they are worked on', () => {
  let seconds = 0;
  const metrics = createQueueMetrics(() => seconds);
  const timers: (() => void)[] = [];
  const queue = createWorkQueue(
    () => seconds * 1000,
    { setTimeout: (callback) => timers.push(callback), clearTimeout: () => undefined },
    () => undefined,
    metrics.of('deployment'),
  );
  const read = () => {
    const families = readExposition(renderFamilies(metrics.families()));
    return Object.fromEntries(
      [...families].flatMap(([name, { samples }]) =>
        samples
          .filter((each) => !each.name.endsWith('_bucket'))
          .map((each) => {
            expect(each.labels).toEqual({ name: 'deployment' });
            return [(each.name.startsWith(name) ? each.name : name).replace('workqueue_', ''), each.value];
          }),
      ),
    );
  };

  queue.add('a');
  queue.add('a');
  queue.add('b');
  expect(read()).toMatchObject({ adds_total: 2, depth: 2 });

  seconds = 3;
  expect(queue.take()).toBe('a');
  queue.add('a');
  queue.add('a');
  seconds = 5;
  expect(read()).toMatchObject({
    adds_total: 3,
    depth: 2,
    queue_duration_seconds_sum: 3,
    unfinished_work_seconds: 2,
    longest_running_processor_seconds: 2,
    work_duration_seconds_count: 0,
  });

  queue.done('a');
  queue.addAfter('a', 1000);
  expect(read()).toMatchObject({
    adds_total: 3,
    depth: 2,
    work_duration_seconds_sum: 2,
    work_duration_seconds_count: 1,
    unfinished_work_seconds: 0,
    retries_total: 1,
  });

  expect([queue.take(), queue.take()]).toEqual(['b', 'a']);
  timers[0]?.();
  expect(read()).toMatchObject({ adds_total: 4, depth: 1, queue_duration_seconds_count: 3 });
});
