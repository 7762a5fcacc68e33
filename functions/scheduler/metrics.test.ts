// What the scheduler counts while it works, over the real registry and the embedded store.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { renderFamilies } from '../../core/metrics/exposition.ts';
import { readExposition } from '../../core/metrics/testing.ts';
import type { TestRegistry } from '../../core/registry/testing.ts';
import { createSchedulerMetrics, type SchedulerMetrics } from './metrics.ts';
import { addNode, addPod, makeNode, makePod, openCluster, runScheduler, type TestScheduler } from './testing.ts';

let test: TestRegistry;
let metrics: SchedulerMetrics;
let running: TestScheduler;

beforeEach(async () => {
  test = await openCluster([makeNode('a')]);
  metrics = createSchedulerMetrics();
  running = await runScheduler(test, { metrics });
});

afterEach(async () => {
  await running.scheduler.stop();
  await test.close();
});

/** By name and labels, such as `pending_pods{queue="active"}`. */
function read(): Record<string, number> {
  const samples = [...readExposition(renderFamilies(metrics.families())).values()].flatMap((each) => each.samples);
  return Object.fromEntries(
    samples
      .filter(({ labels }) => labels['le'] === undefined)
      .map(({ name, labels, value }) => {
        const text = Object.entries(labels).map(([key, each]) => `${key}=${each}`);
        return [`${name.replace('scheduler_', '')}${text.length > 0 ? `{${text.join(',')}}` : ''}`, value];
      }),
  );
}

it('Attempts count by what came of them, and pods by how long they waited', async () => {
  await addPod(test, makePod('small', { requests: { cpu: '1' } }));
  await addPod(test, makePod('large', { requests: { cpu: '8' } }));
  await addPod(test, makePod('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }));
  await running.scheduler.idle();
  const first = read();
  expect(first).toMatchObject({
    'schedule_attempts_total{profile=default-scheduler,result=scheduled}': 1,
    'schedule_attempts_total{profile=default-scheduler,result=unschedulable}': 1,
    'scheduling_attempt_duration_seconds_count{profile=default-scheduler,result=scheduled}': 1,
    'pod_scheduling_sli_duration_seconds_count{attempts=1}': 1,
    pod_scheduling_attempts_count: 1,
    scheduling_algorithm_duration_seconds_count: 2,
    'pending_pods{queue=active}': 0,
    'pending_pods{queue=backoff}': 0,
    'pending_pods{queue=gated}': 1,
    'pending_pods{queue=unschedulable}': 1,
    'cache_size{type=nodes}': 1,
    'cache_size{type=pods}': 1,
    preemption_attempts_total: 1,
    preemption_victims_count: 0,
    'queue_incoming_pods_total{event=UnschedulablePodAdd,queue=active}': 2,
    'queue_incoming_pods_total{event=UnschedulablePodAdd,queue=unschedulable}': 1,
    'queue_incoming_pods_total{event=ScheduleAttemptFailure,queue=unschedulable}': 1,
  });
  expect(first['scheduling_attempt_duration_seconds_sum{profile=default-scheduler,result=scheduled}']).toBeGreaterThan(
    0,
  );

  await addNode(test, makeNode('b', { allocatable: { cpu: '16' } }));
  await test.registry.patch(test.context, test.target('pods', 'default', 'gated'), 'merge', {
    spec: { schedulingGates: [] },
  });
  await expect.poll(() => read()['pending_pods{queue=unschedulable}']).toBe(0);
  await expect.poll(() => read()['pod_scheduling_sli_duration_seconds_count{attempts=2}']).toBe(1);
  expect(read()).toMatchObject({ 'pending_pods{queue=gated}': 0, 'cache_size{type=nodes}': 2 });
  // A new node is tainted until it is ready. Which queue the pod came to depends on whether its pause was over by then.
  const byNode = (queue: string) => read()[`queue_incoming_pods_total{event=NodeUpdate,queue=${queue}}`] ?? 0;
  expect(byNode('backoff') + byNode('active')).toBe(1);
  expect(read()).toMatchObject({ 'queue_incoming_pods_total{event=UnschedulablePodUpdate,queue=active}': 1 });
});

it('Pods that have to leave for others count, too', async () => {
  await test.create('scheduling.k8s.io/priorityclasses', '', {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: 'high' },
    value: 1000,
  });
  for (const name of ['first', 'second']) await addPod(test, makePod(name, { requests: { cpu: '2' } }));
  await running.scheduler.idle();
  await addPod(test, makePod('vip', { requests: { cpu: '4' }, spec: { priorityClassName: 'high' } }));
  await running.scheduler.idle();
  expect(read()).toMatchObject({
    preemption_attempts_total: 1,
    preemption_victims_count: 1,
    preemption_victims_sum: 2,
  });
});
