// The scheduler at work, over the real registry and the embedded store.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestRegistry } from '../../core/registry/testing.ts';
import {
  addNode,
  addPod,
  getPod,
  makeNode,
  makePod,
  openCluster,
  runScheduler,
  type TestScheduler,
  until,
} from './testing.ts';

let test: TestRegistry;
let running: TestScheduler[] = [];

beforeEach(async () => {
  test = await openCluster([makeNode('a'), makeNode('b')]);
});

afterEach(async () => {
  for (const each of running) {
    await each.scheduler.stop();
    expect(each.problems).toEqual([]);
  }
  running = [];
  await test.close();
});

async function start(more: Parameters<typeof runScheduler>[1] = {}): Promise<TestScheduler> {
  const each = await runScheduler(test, more);
  running.push(each);
  return each;
}

describe('startScheduler', () => {
  it('binds what waits when it starts, and what comes later, and says so', async () => {
    await addPod(test, makePod('before', { requests: { cpu: '1' } }));
    const { scheduler, events } = await start();
    await addPod(test, makePod('after', { requests: { cpu: '1' } }));
    await scheduler.idle();
    const pods = [await getPod(test, 'before'), await getPod(test, 'after')];
    expect(pods.map((pod) => pod.spec?.nodeName).sort()).toEqual(['a', 'b']);
    expect(pods[0]?.status?.conditions?.find(({ type }) => type === 'PodScheduled')?.status).toBe('True');
    expect(events.map(({ pod, event }) => `${pod}: ${event.reason}`)).toEqual([
      'before: Scheduled',
      'after: Scheduled',
    ]);
    expect(events[0]?.event.message).toMatch(/^Successfully assigned default\/before to [ab]$/);
  });

  it('tells why a pod waits, once, and binds it when a node comes', async () => {
    const { scheduler, events } = await start();
    await addPod(test, makePod('large', { requests: { cpu: '8' } }));
    await scheduler.idle();
    const message =
      '0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
    const condition = (await getPod(test, 'large')).status?.conditions?.find(({ type }) => type === 'PodScheduled');
    expect(condition).toMatchObject({ status: 'False', reason: 'Unschedulable', message });
    expect(events).toEqual([{ pod: 'large', event: { type: 'Warning', reason: 'FailedScheduling', message } }]);
    await addNode(test, makeNode('c', { allocatable: { cpu: '16' } }));
    const pod = await until('a bind', async () => {
      const now = await getPod(test, 'large');
      return now.spec?.nodeName ? now : undefined;
    });
    expect(pod.spec?.nodeName).toBe('c');
  });

  it('leaves pods of other schedulers, and gated ones until their gates are gone', async () => {
    const { scheduler } = await start();
    await addPod(test, makePod('theirs', { spec: { schedulerName: 'other' } }));
    await addPod(test, makePod('gated', { spec: { schedulingGates: [{ name: 'example.com/wait' }] } }));
    await scheduler.idle();
    expect((await getPod(test, 'theirs')).spec?.nodeName).toBeUndefined();
    expect((await getPod(test, 'gated')).spec?.nodeName).toBeUndefined();
    await test.registry.patch(test.context, test.target('pods', 'default', 'gated'), 'merge', {
      spec: { schedulingGates: [] },
    });
    await scheduler.idle();
    expect((await getPod(test, 'gated')).spec?.nodeName).toBeDefined();
  });

  it('serves the profiles that it was given', async () => {
    const { scheduler } = await start({ profiles: [{ schedulerName: 'one' }, { schedulerName: 'two' }] });
    for (const name of ['one', 'two', 'default-scheduler'])
      await addPod(test, makePod(name, { spec: { schedulerName: name } }));
    await scheduler.idle();
    expect((await getPod(test, 'one')).spec?.nodeName).toBeDefined();
    expect((await getPod(test, 'two')).spec?.nodeName).toBeDefined();
    expect((await getPod(test, 'default-scheduler')).spec?.nodeName).toBeUndefined();
  });

  it('uses the room of pods that finished or are gone', async () => {
    const { scheduler } = await start();
    await addPod(test, makePod('first', { requests: { cpu: '3' } }));
    await addPod(test, makePod('second', { requests: { cpu: '3' } }));
    await scheduler.idle();
    await addPod(test, makePod('third', { requests: { cpu: '3' } }));
    await addPod(test, makePod('fourth', { requests: { cpu: '3' } }));
    await scheduler.idle();
    await test.registry.patch(test.context, test.target('pods', 'default', 'first', 'status'), 'merge', {
      status: { phase: 'Succeeded' },
    });
    await test.registry.delete(test.context, test.target('pods', 'default', 'second'), { gracePeriodSeconds: 0 });
    for (const name of ['third', 'fourth'])
      await until(`${name} is bound`, async () => (await getPod(test, name)).spec?.nodeName);
  });

  it('sends the bind within a few milliseconds of the pod', async () => {
    const { scheduler } = await start();
    await addPod(test, makePod('warm-up'));
    await scheduler.idle();
    const took: number[] = [];
    for (let i = 0; i < 20; i++) {
      const from = performance.now();
      await addPod(test, makePod(`p${i}`));
      await until('a bind', async () => (await getPod(test, `p${i}`)).spec?.nodeName);
      took.push(performance.now() - from);
    }
    took.sort((a, b) => a - b);
    // Creating, binding and polling every 10 ms; far below a pause.
    expect(took[10]).toBeLessThan(150);
  });

  it('sets no timer but its resync while nothing waits', async () => {
    const set: number[] = [];
    const timers = {
      setTimeout(callback: () => void, ms: number) {
        set.push(ms);
        return setTimeout(callback, ms);
      },
      clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
    };
    const { scheduler } = await start({ timers });
    await addPod(test, makePod('p'));
    await scheduler.idle();
    expect(set).toEqual([300_000]);
  });
});
