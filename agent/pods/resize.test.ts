import { describe, expect, it } from 'vitest';
import type { V1ResourceRequirements } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { refusalOfResize, wider, withResources } from './resize.ts';
import { syncPod } from './sync-pod.ts';
import { exited, observedContainer, observedPod, testContainer, testPod } from './test-pod.ts';

const asks = (cpu: string, memory = '64Mi'): V1ResourceRequirements => ({ requests: { cpu, memory } });
const podOf = (resources: V1ResourceRequirements, rest: object = {}): Pod =>
  testPod({ restartPolicy: 'OnFailure', containers: [testContainer('main', { resources, ...rest })] });
const sync = (pod: Pod, container: ReturnType<typeof observedContainer>, applied: V1ResourceRequirements) =>
  syncPod({
    pod,
    observed: observedPod(container),
    health: new Map(),
    heldUntil: () => 0,
    applied: new Map([[container.id, applied]]),
    now: 4000,
  }).steps;

describe('a resize', () => {
  it('is a step of its own where the container may run on', () => {
    const running = observedContainer('main');
    expect(sync(podOf(asks('1')), running, asks('1'))).toEqual([]);
    expect(sync(podOf(asks('2')), running, asks('1'))).toMatchObject([
      { type: 'resize', containers: [{ id: running.id }] },
    ]);
  });

  it('starts a container again that wants it so, however it ended; one that ended by itself stays', () => {
    const resizePolicy = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];
    const pod = podOf(asks('1', '128Mi'), { resizePolicy });
    const running = observedContainer('main');
    expect(sync(pod, running, asks('2', '128Mi'))).toMatchObject([{ type: 'resize' }]);
    expect(sync(pod, running, asks('1'))).toMatchObject([{ type: 'killContainer', id: running.id, resized: true }]);
    expect(sync(pod, exited('main', 0, { resized: true }), asks('1'))).toMatchObject([
      { type: 'startContainer', attempt: 1 },
    ]);
    expect(sync(pod, exited('main', 0), asks('1'))).toEqual([{ type: 'stopSandbox', id: 's0' }]);
  });

  it('is granted where there is room for what is more than before', () => {
    const node = { cpu: 4, memory: 2 ** 30 };
    const refusal = (to: V1ResourceRequirements, from: V1ResourceRequirements, ...others: V1ResourceRequirements[]) =>
      refusalOfResize(
        podOf(to),
        podOf(from),
        others.map((each) => podOf(each)),
        node,
      );
    expect(refusal(asks('3'), asks('1'), asks('1'))).toBeUndefined();
    expect(refusal(asks('3500m'), asks('1'), asks('1'))).toMatchObject({ reason: 'Deferred' });
    expect(refusal(asks('5'), asks('1'))).toEqual({
      reason: 'Infeasible',
      message: "Node didn't have enough capacity: cpu, requested: 5000, capacity: 4000",
    });
    expect(refusal(asks('1', '2Gi'), asks('1'))).toMatchObject({ message: expect.stringContaining('memory') });
    // Less is always granted, even on a node that has too little.
    expect(refusal(asks('3'), asks('3500m'), asks('2'))).toBeUndefined();
  });

  it('leaves a pod as it is that has the same', () => {
    const pod = podOf(asks('1'));
    expect(withResources(pod, () => asks('1'))).toBe(pod);
    expect(withResources(pod, () => asks('2')).spec.containers[0]?.resources).toEqual(asks('2'));
  });

  it('makes room for both while it lasts', () => {
    const small = { cpuShares: 100, cpuQuota: 10_000, memory: 64 };
    expect(wider(small, { cpuShares: 200, cpuQuota: 5000, memory: 128 })).toEqual({
      cpuShares: 200,
      cpuQuota: 10_000,
      memory: 128,
    });
    expect(wider(small, { cpuShares: 50 })).toEqual({ cpuShares: 100 });
  });
});
