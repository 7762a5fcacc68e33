import { describe, expect, it } from 'vitest';
import { testContainer, testPod } from '../pods/test-pod.ts';
import { containerResources, podCgroupLimits, podRequests, sandboxResources } from './resources.ts';

const capacity = { cpu: 4, memory: 8 * 2 ** 30 };
const asking = (name: string, cpu: string, memory: string, more: object = {}) =>
  testContainer(name, { resources: { requests: { cpu, memory }, limits: { cpu, memory } }, ...more });

describe('the cgroup of a pod', () => {
  it('has room for an init container beside the sidecars before it', () => {
    const sidecar = asking('proxy', '1', '1Gi', { restartPolicy: 'Always' });
    const pod = testPod({
      initContainers: [sidecar, asking('migrate', '2', '3Gi')],
      containers: [asking('a', '1', '1Gi')],
    });
    expect(podCgroupLimits(pod)).toEqual({ cpuShares: 3072, cpuQuota: 300_000, memory: 4 * 2 ** 30 });
  });

  it('has room for the overhead of the pod’s RuntimeClass', () => {
    const pod = testPod({ containers: [asking('a', '1', '1Gi')], overhead: { cpu: '500m', memory: '256Mi' } });
    expect(podCgroupLimits(pod)).toEqual({ cpuShares: 1536, cpuQuota: 150_000, memory: 1.25 * 2 ** 30 });
    expect(podRequests(pod.spec)).toEqual({ cpu: 1.5, memory: 1.25 * 2 ** 30 });
  });

  it('is without a limit where one container has none, unless the pod has its own', () => {
    const containers = [asking('a', '1', '1Gi'), testContainer('open')];
    expect(podCgroupLimits(testPod({ containers }))).toEqual({ cpuShares: 1024 });
    const resources = { requests: { cpu: '2' }, limits: { cpu: '3' } };
    expect(podCgroupLimits(testPod({ containers, resources }))).toEqual({ cpuShares: 2048, cpuQuota: 300_000 });
  });
});

describe('a container', () => {
  it('is the more likely to be ended for memory, the less of the node’s it asked for', () => {
    const resources = { requests: { memory: '2Gi' } };
    const pod = testPod({ containers: [testContainer('a', { resources })] });
    expect(containerResources(pod, resources, capacity, false)).toMatchObject({
      cpuShares: 2,
      cpuQuota: 0,
      oomScoreAdj: 750,
    });
    expect(containerResources(testPod(), undefined, capacity, false).oomScoreAdj).toBe(1000);
  });
});

describe('a container that says nothing', () => {
  it('has the limits of its pod, which programs ask their own cgroup for', () => {
    const pod = testPod({ resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Gi' } } });
    expect(containerResources(pod, undefined, capacity, false)).toMatchObject({
      cpuShares: 2048,
      cpuQuota: 200_000,
      memoryLimitInBytes: 2 ** 30,
    });
    const own = { requests: { cpu: '100m' }, limits: { memory: '256Mi' } };
    expect(containerResources(pod, own, capacity, false)).toMatchObject({
      cpuShares: 102,
      cpuQuota: 200_000,
      memoryLimitInBytes: 2 ** 28,
    });
  });
});

describe('a sandbox with a machine of its own', () => {
  it('is told what its containers need where they meet, and what it takes itself', () => {
    const pod = testPod({
      initContainers: [asking('proxy', '1', '1Gi', { restartPolicy: 'Always' }), asking('migrate', '2', '3Gi')],
      containers: [asking('a', '1', '1Gi')],
      overhead: { cpu: '500m', memory: '256Mi' },
    });
    expect(sandboxResources(pod)).toEqual({
      resources: { cpuPeriod: 100_000, cpuQuota: 300_000, cpuShares: 3072, memoryLimitInBytes: 4 * 2 ** 30 },
      overhead: { cpuPeriod: 100_000, cpuQuota: 50_000, cpuShares: 512, memoryLimitInBytes: 2 ** 28 },
    });
    const none = { cpuPeriod: 100_000, cpuQuota: 0, cpuShares: 2, memoryLimitInBytes: 0 };
    expect(sandboxResources(testPod())).toEqual({ resources: none });
  });
});
