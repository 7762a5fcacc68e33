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

  it('sends the bind at once, not with its resync', async () => {
    const { scheduler } = await start();
    await addPod(test, makePod('warm-up'));
    await scheduler.idle();
    const from = performance.now();
    for (let i = 0; i < 20; i++) {
      await addPod(test, makePod(`p${i}`));
      await until('a bind', async () => (await getPod(test, `p${i}`)).spec?.nodeName);
    }
    // Twenty waits for the resync would take ten minutes.
    expect(performance.now() - from).toBeLessThan(30_000);
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

  it('binds a waiting claim to the volume that it chose, then the pod, once the claim is bound', async () => {
    await test.create('storage.k8s.io/storageclasses', '', {
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await test.create('persistentvolumes', '', {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'local',
        local: { path: '/data' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['b'] }] },
            ],
          },
        },
      },
    });
    await setStatus('persistentvolumes', '', 'v', { phase: 'Available' });
    await addClaim('data', 'local');
    const { scheduler } = await start();
    await addPod(test, withClaim('p', 'data'));
    const volume = await until('the volume is promised', async () => {
      const { spec } = (await test.get('persistentvolumes', '', 'v')) as { spec?: { claimRef?: { name?: string } } };
      return spec?.claimRef;
    });
    expect(volume.name).toBe('data');
    expect((await getPod(test, 'p')).spec?.nodeName).toBeUndefined();
    await bindClaim('data', 'v');
    await until('a bind', async () => (await getPod(test, 'p')).spec?.nodeName);
    await scheduler.idle();
    expect((await getPod(test, 'p')).spec?.nodeName).toBe('b');
  });

  it('tells a claim whose volume is to be made the node, and tries again when that was given up', async () => {
    await test.create('storage.k8s.io/storageclasses', '', {
      metadata: { name: 'made' },
      provisioner: 'csi.example.com',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await addClaim('data', 'made');
    await start();
    await addPod(test, withClaim('p', 'data'));
    const selected = 'volume.kubernetes.io/selected-node';
    const nodeOfClaim = () =>
      until('the claim is told', async () => {
        const { metadata } = await test.get('persistentvolumeclaims', 'default', 'data');
        return metadata.annotations?.[selected];
      });
    expect(['a', 'b']).toContain(await nodeOfClaim());
    // The provisioner cannot make one there: it takes the selection away.
    await test.registry.patch(test.context, test.target('persistentvolumeclaims', 'default', 'data'), 'merge', {
      metadata: { annotations: { [selected]: null } },
    });
    const second = await nodeOfClaim();
    await test.create('persistentvolumes', '', {
      metadata: { name: 'v' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'made',
        csi: { driver: 'csi.example.com', volumeHandle: 'v' },
      },
    });
    await bindClaim('data', 'v');
    expect(await until('a bind', async () => (await getPod(test, 'p')).spec?.nodeName)).toBe(second);
  });

  it('takes over from a scheduler that made room and died', async () => {
    await test.registry.delete(test.context, test.target('nodes', '', 'b'));
    for (const [name, value] of [
      ['low', 1],
      ['high', 100],
    ] as const)
      await test.create('scheduling.k8s.io/priorityclasses', '', { metadata: { name }, value });
    const full = { requests: { cpu: '4' } };
    const first = await start({ identity: 'first' });
    const metadata = { finalizers: ['example.com/hold'] };
    await addPod(test, makePod('old', { ...full, metadata, spec: { priorityClassName: 'low' } }));
    await until('a bind', async () => (await getPod(test, 'old')).spec?.nodeName);
    await addPod(test, makePod('vip', { ...full, spec: { priorityClassName: 'high' } }));
    await until('a victim', async () => (await getPod(test, 'old')).metadata?.deletionTimestamp);
    await first.scheduler.stop();
    await start({ identity: 'second' });
    // Whoever comes now and is no more important does not get the room.
    await addPod(test, makePod('late', { ...full, spec: { priorityClassName: 'high' } }));
    await test.registry.patch(test.context, test.target('pods', 'default', 'old'), 'merge', {
      metadata: { finalizers: null },
    });
    await test.registry
      .delete(test.context, test.target('pods', 'default', 'old'), { gracePeriodSeconds: 0 })
      .catch(() => 0);
    await until('the important pod is bound', async () => (await getPod(test, 'vip')).spec?.nodeName);
    expect((await getPod(test, 'late')).spec?.nodeName).toBeUndefined();
  });

  it('lets no pod that cannot be decided on hold up the others', async () => {
    await test.create('storage.k8s.io/storageclasses', '', {
      metadata: { name: 'local' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await addClaim('data', 'local');
    const broken = {
      metadata: { name: 'broken' },
      spec: { storageClassName: 'local', accessModes: ['ReadWriteOnce'], capacity: { storage: 'much' } },
    };
    const bytes = new TextEncoder().encode(JSON.stringify(broken));
    await test.store.commit([{ op: 'put', type: 'persistentvolumes', name: 'broken', expect: 0, value: { bytes } }]);
    for (const name of ['p', 'q']) await addPod(test, makePod(name));
    await addPod(test, withClaim('poisoned', 'data'));
    const { scheduler, problems } = await runScheduler(test);
    await scheduler.idle();
    await scheduler.stop();
    for (const name of ['p', 'q']) expect((await getPod(test, name)).spec?.nodeName).toBeDefined();
    expect(problems).toEqual([expect.stringMatching(/^deciding on default\/poisoned failed/)]);
  });

  it('does not look at a pod again for changes that cannot help it', async () => {
    const { scheduler, events } = await start();
    await addPod(test, makePod('picky', { spec: { nodeSelector: { disk: 'ssd' } } }));
    await scheduler.idle();
    await addNode(test, makeNode('c'));
    await addPod(test, makePod('other'));
    await scheduler.idle();
    // The message would count three nodes.
    expect(events.filter(({ pod }) => pod === 'picky').map(({ event }) => event.message)).toEqual([
      expect.stringContaining('0/2 nodes are available'),
    ]);
    await addNode(test, makeNode('d', { labels: { disk: 'ssd' } }));
    await until('a bind', async () => (await getPod(test, 'picky')).spec?.nodeName);
  });
});

function withClaim(name: string, claimName: string) {
  return makePod(name, { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] } });
}

async function addClaim(name: string, storageClassName: string): Promise<void> {
  await test.create('persistentvolumeclaims', 'default', {
    metadata: { name },
    spec: { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
}

/** What the binder of volumes does. */
async function bindClaim(name: string, volumeName: string): Promise<void> {
  await test.registry.patch(test.context, test.target('persistentvolumeclaims', 'default', name), 'merge', {
    spec: { volumeName },
  });
  await setStatus('persistentvolumeclaims', 'default', name, { phase: 'Bound' });
}

async function setStatus(type: string, namespace: string, name: string, status: object): Promise<void> {
  await test.registry.patch(test.context, test.target(type, namespace, name, 'status'), 'merge', { status });
}
