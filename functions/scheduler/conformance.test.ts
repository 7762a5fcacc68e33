// The scheduling behaviours of Kubernetes' conformance suite, over the real registry, store and scheduler.
// The node is simulated: who deletes a pod deletes it at once.

import { afterEach, describe, expect, it } from 'vitest';
import type { TestRegistry } from '../../core/registry/testing.ts';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { addPod, getPod, makeNode, makePod, openCluster, runScheduler, type TestScheduler, until } from './testing.ts';

let test: TestRegistry;
let running: TestScheduler | undefined;

afterEach(async () => {
  await running?.scheduler.stop();
  expect(running?.problems ?? []).toEqual([]);
  running = undefined;
  await test.close();
});

async function open(...nodes: Parameters<typeof makeNode>[]): Promise<TestScheduler> {
  test = await openCluster(nodes.map((parts) => makeNode(...parts)));
  running = await runScheduler(test);
  return running;
}

async function nodeOf(name: string): Promise<string | undefined> {
  return (await getPod(test, name)).spec?.nodeName;
}

const isBound = (name: string) => until(`${name} is bound`, () => nodeOf(name));

/** What a node does with pods that it is told to end. */
async function endDeleted(): Promise<void> {
  const { entries } = await test.registry.list(test.context, test.target('pods', 'default'), {});
  for (const { object } of entries) {
    const { metadata } = object as V1Pod;
    if (!metadata?.deletionTimestamp || metadata.finalizers?.length) continue;
    const target = test.target('pods', 'default', metadata.name);
    await test.registry.delete(test.context, target, { gracePeriodSeconds: 0 });
  }
}

async function priorityClass(name: string, value: number): Promise<void> {
  await test.create('scheduling.k8s.io/priorityclasses', '', { metadata: { name }, value, globalDefault: false });
}

const full = { requests: { cpu: '4' } };

describe('sig-scheduling', () => {
  it('LimitRange, resources', async () => {
    const { scheduler } = await open(['n']);
    await test.create('limitranges', 'default', {
      metadata: { name: 'limits' },
      spec: {
        limits: [
          {
            type: 'Container',
            defaultRequest: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
            default: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
            min: { cpu: '50m', memory: '100Mi', 'ephemeral-storage': '100Gi' },
            max: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
          },
        ],
      },
    });
    await addPod(test, makePod('defaulted'));
    expect((await getPod(test, 'defaulted')).spec?.containers[0]?.resources).toEqual({
      requests: { cpu: '100m', memory: '200Mi', 'ephemeral-storage': '200Gi' },
      limits: { cpu: '500m', memory: '500Mi', 'ephemeral-storage': '500Gi' },
    });
    await expect(addPod(test, makePod('too-small', { requests: { cpu: '10m' } }))).rejects.toMatchObject({
      reason: 'Forbidden',
    });
    await expect(addPod(test, makePod('too-large', { requests: { cpu: '600m' } }))).rejects.toMatchObject({
      code: expect.toSatisfy((code: number) => code === 403 || code === 422),
    });
    await scheduler.idle();
    // The defaults count: the node has no room for so much storage.
    expect(await nodeOf('defaulted')).toBeUndefined();
    const target = test.target('limitranges', 'default', 'limits');
    await test.registry.patch(test.context, target, 'strategic', {
      spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '50m' }, min: { cpu: '10m' } }] },
    });
    await test.registry.delete(test.context, target);
    await addPod(test, makePod('free', { requests: { cpu: '600m' } }));
    expect(await isBound('free')).toBe('n');
  });

  it('LimitRange, list, patch and delete a LimitRange by collection', async () => {
    test = await openCluster([]);
    await test.namespace('other');
    const limits = (max: string) => ({ limits: [{ type: 'Container', max: { cpu: max } }] });
    for (const namespace of ['default', 'other'])
      await test.create('limitranges', namespace, {
        metadata: { name: 'limits', labels: { set: namespace } },
        spec: limits('1'),
      });
    const all = await test.registry.list(test.context, test.target('limitranges'), { labelSelector: 'set' });
    expect(all.entries).toHaveLength(2);
    const patched = await test.registry.patch(
      test.context,
      test.target('limitranges', 'default', 'limits'),
      'strategic',
      { metadata: { labels: { patched: 'yes' } }, spec: limits('2') },
    );
    expect(patched.object).toMatchObject({ metadata: { labels: { patched: 'yes' } } });
    await test.registry.deleteCollection(test.context, test.target('limitranges', 'default'), {
      labelSelector: 'patched=yes',
    });
    const left = await test.registry.list(test.context, test.target('limitranges'), {});
    expect(left.entries.map(({ name }) => name)).toEqual(['other/limits']);
  });

  it('Scheduler, resource limits', async () => {
    const { scheduler, events } = await open(['a'], ['b']);
    for (const name of ['fill-a', 'fill-b']) await addPod(test, makePod(name, { requests: { cpu: '2800m' } }));
    await scheduler.idle();
    await addPod(test, makePod('additional', { requests: { cpu: '2' } }));
    await scheduler.idle();
    expect(await nodeOf('additional')).toBeUndefined();
    expect(events.at(-1)?.event.message).toMatch(/^0\/2 nodes are available: 2 Insufficient cpu\. preemption: /);
  });

  it('Scheduler, node selector matching', async () => {
    await open(['plain'], ['labelled', { labels: { k: 'v' } }]);
    for (const i of [1, 2, 3]) await addPod(test, makePod(`p${i}`, { spec: { nodeSelector: { k: 'v' } } }));
    for (const i of [1, 2, 3]) expect(await isBound(`p${i}`)).toBe('labelled');
  });

  it('Scheduler, node selector not matching', async () => {
    const { scheduler, events } = await open(['a'], ['b', { labels: { k: 'other' } }]);
    await addPod(test, makePod('p', { spec: { nodeSelector: { k: 'v' } } }));
    await scheduler.idle();
    expect(await nodeOf('p')).toBeUndefined();
    expect(events[0]?.event.message).toContain(
      "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
    );
  });

  it('Scheduling, HostPort and Protocol match, HostIPs different but one is default HostIP (0.0.0.0)', async () => {
    const { scheduler } = await open(['n']);
    const port = (hostIP: string) => [{ containerPort: 80, hostPort: 54322, protocol: 'TCP', hostIP }];
    await addPod(test, makePod('all', { ports: port('0.0.0.0') }));
    await scheduler.idle();
    await addPod(test, makePod('one', { ports: port('127.0.0.1') }));
    await scheduler.idle();
    expect(await nodeOf('all')).toBe('n');
    expect(await nodeOf('one')).toBeUndefined();
  });

  it('Pod preemption verification', async () => {
    await open(['n', { allocatable: { cpu: '1' } }]);
    for (const level of [1, 2, 3, 4]) await priorityClass(`p${level}`, level);
    const third = { requests: { cpu: '300m' } };
    for (const level of [1, 2, 3])
      await addPod(test, makePod(`p${level}-0`, { ...third, spec: { priorityClassName: `p${level}` } }));
    for (const level of [1, 2, 3]) await isBound(`p${level}-0`);
    for (const i of [0, 1]) await addPod(test, makePod(`p4-${i}`, { ...third, spec: { priorityClassName: 'p4' } }));
    for (const i of [0, 1])
      await until(`p4-${i} runs`, async () => {
        await endDeleted();
        return nodeOf(`p4-${i}`);
      });
    // The lowest two had to go, the third stays.
    for (const level of [1, 2]) await expect(getPod(test, `p${level}-0`)).rejects.toMatchObject({ reason: 'NotFound' });
    expect((await getPod(test, 'p3-0')).metadata?.deletionTimestamp).toBeUndefined();
  });

  it('Scheduler, Verify PriorityClass endpoints', async () => {
    test = await openCluster([]);
    await priorityClass('p1', 1);
    await priorityClass('p2', 2);
    const target = test.target('scheduling.k8s.io/priorityclasses', undefined, 'p1');
    const { entries } = await test.registry.list(test.context, test.target('scheduling.k8s.io/priorityclasses'), {});
    expect(entries.map(({ name }) => name)).toEqual(expect.arrayContaining(['p1', 'p2']));
    const patched = await test.registry.patch(test.context, target, 'merge', { description: 'patched' });
    expect(patched.object).toMatchObject({ description: 'patched', value: 1 });
    const updated = await test.registry.update(test.context, target, { ...patched.object, description: 'updated' });
    expect(updated.object).toMatchObject({ description: 'updated' });
    await expect(test.registry.patch(test.context, target, 'merge', { value: 9 })).rejects.toMatchObject({ code: 422 });
    await expect(test.registry.update(test.context, target, { ...updated.object, value: 9 })).rejects.toMatchObject({
      code: 422,
    });
  });

  it('Scheduler, Basic Preemption', async () => {
    const { events } = await open(['a'], ['b']);
    await priorityClass('low', 1);
    await priorityClass('medium', 10);
    await priorityClass('high', 100);
    await addPod(test, makePod('low', { ...full, spec: { priorityClassName: 'low' } }));
    await isBound('low');
    await addPod(test, makePod('medium', { ...full, spec: { priorityClassName: 'medium' } }));
    await isBound('medium');
    const place = await nodeOf('low');
    const high = await addPod(test, makePod('high', { ...full, spec: { priorityClassName: 'high' } }));
    const bound = await until('the important pod is bound', async () => {
      await endDeleted();
      return nodeOf('high');
    });
    expect(bound).toBe(place);
    await expect(getPod(test, 'low')).rejects.toMatchObject({ reason: 'NotFound' });
    expect((await getPod(test, 'medium')).metadata?.deletionTimestamp).toBeUndefined();
    expect(events).toContainEqual({
      pod: 'low',
      event: {
        type: 'Normal',
        reason: 'Preempted',
        message: `Preempted by pod ${high.metadata?.uid} on node ${place}`,
      },
    });
  });

  it('Scheduler, Preemption for critical pod', async () => {
    await open(['a'], ['b']);
    await priorityClass('low', 1);
    await priorityClass('system-cluster-critical', 2_000_000_000);
    for (const name of ['low-1', 'low-2']) {
      await addPod(test, makePod(name, { ...full, spec: { priorityClassName: 'low' } }));
      await isBound(name);
    }
    await addPod(test, makePod('critical', { ...full, spec: { priorityClassName: 'system-cluster-critical' } }));
    await until('the critical pod is bound', async () => {
      await endDeleted();
      return nodeOf('critical');
    });
    const left = (await test.registry.list(test.context, test.target('pods', 'default'), {})).entries;
    expect(left).toHaveLength(2);
  });

  it('Verify the DisruptionTarget condition is added to the preempted pod', async () => {
    await open(['n']);
    await priorityClass('low', 1);
    await priorityClass('high', 100);
    await addPod(
      test,
      makePod('victim', {
        ...full,
        spec: { priorityClassName: 'low' },
        metadata: { finalizers: ['example.com/test'] },
      }),
    );
    await isBound('victim');
    await addPod(test, makePod('preemptor', { ...full, spec: { priorityClassName: 'high' } }));
    const victim = await until('the victim is told to go', async () => {
      const pod = await getPod(test, 'victim');
      return pod.metadata?.deletionTimestamp ? pod : undefined;
    });
    expect(victim.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'DisruptionTarget',
        status: 'True',
        reason: 'PreemptionByScheduler',
        message: 'default-scheduler: preempting to accommodate a higher priority pod',
      }),
    );
    const preemptor = await until('a nomination', async () => {
      const pod = await getPod(test, 'preemptor');
      return pod.status?.nominatedNodeName ? pod : undefined;
    });
    expect(preemptor.status?.nominatedNodeName).toBe('n');
    await test.registry.patch(test.context, test.target('pods', 'default', 'victim'), 'merge', {
      metadata: { finalizers: null },
    });
    await until('the preemptor is bound', async () => {
      await endDeleted();
      return nodeOf('preemptor');
    });
    expect((await getPod(test, 'preemptor')).status?.nominatedNodeName).toBeUndefined();
  });
});
