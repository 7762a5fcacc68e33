import { describe, expect, it } from 'vitest';
import type { V1ContainerPort, V1Node, V1PodSpec } from '../../generated/kubernetes.ts';
import { createLinuxPodHost } from '../platform/linux/pod-host.ts';
import type { Pod } from '../pod/pod.ts';
import { refusalOf as refusalOnNode } from './refusal.ts';
import { testSecurity } from './test-pod.ts';

const host = createLinuxPodHost({ security: testSecurity(), capacity: { cpu: 1, memory: 1 } });
const refusalOf = (wanted: Pod, others: readonly Pod[], node: V1Node | undefined) =>
  refusalOnNode(wanted, others, node, host);
const pod = (ports: V1ContainerPort[], spec: Partial<V1PodSpec> = {}, phase?: string): Pod => ({
  metadata: { name: 'p', namespace: 'default', uid: 'u' },
  spec: { containers: [{ name: 'c', ports }], ...spec },
  ...(phase && { status: { phase } }),
});
const port = (hostPort: number, hostIP?: string, protocol?: string): V1ContainerPort => ({
  containerPort: 80,
  hostPort,
  ...(hostIP && { hostIP }),
  ...(protocol && { protocol }),
});
const reason = (...args: Parameters<typeof refusalOf>) => refusalOf(...args)?.reason;

describe('a node', () => {
  it('refuses a pod whose host port another one has', () => {
    expect(reason(pod([port(80)]), [pod([port(80, '127.0.0.1')])], undefined)).toBe('NodePorts');
    expect(reason(pod([port(80, '10.0.0.1')]), [pod([port(80, '10.0.0.1')])], undefined)).toBe('NodePorts');
  });

  it('takes one whose port differs by number, address or protocol, or was left', () => {
    for (const other of [
      pod([port(81)]),
      pod([port(80, '10.0.0.2')]),
      pod([port(80, '10.0.0.1', 'UDP')]),
      pod([port(80)], {}, 'Failed'),
      pod([{ containerPort: 80 }]),
    ])
      expect(reason(pod([port(80, '10.0.0.1')]), [other], undefined)).toBeUndefined();
  });

  describe('with two cores, 1 GiB and three places', () => {
    const node: V1Node = {
      metadata: {},
      status: { allocatable: { cpu: '2', memory: '1Gi', pods: '3', 'example.com/gpu': '1' } },
    };
    const asking = (requests: Record<string, string>, phase?: string, more: Partial<V1PodSpec> = {}): Pod => ({
      ...pod([], { containers: [{ name: 'c', resources: { requests } }], ...more }),
      ...(phase && { status: { phase } }),
    });

    it('refuses what is more than is left of a resource, and says how much that is', () => {
      const others = [asking({ cpu: '1500m', memory: '1Gi' }), asking({ cpu: '2' }, 'Succeeded')];
      expect(refusalOf(asking({ cpu: '501m' }), others, node)).toEqual({
        reason: 'OutOfcpu',
        message: "Pod was rejected: Node didn't have enough resource: cpu, requested: 501, used: 1500, capacity: 2000",
      });
      expect(reason(asking({ cpu: '500m' }), others, node)).toBeUndefined();
      expect(reason(asking({ memory: '1' }), others, node)).toBe('OutOfmemory');
      expect(reason(asking({}), others, node)).toBeUndefined();
      expect(reason(asking({}), [asking({}), asking({}), asking({})], node)).toBe('OutOfpods');
    });

    it('counts overhead, sidecars and what init containers need at most', () => {
      const more = { overhead: { cpu: '100m' } };
      expect(reason(asking({ cpu: '1900m' }, undefined, more), [], node)).toBeUndefined();
      expect(reason(asking({ cpu: '1901m' }, undefined, more), [], node)).toBe('OutOfcpu');
      const init = { name: 'i', resources: { requests: { memory: '2Gi' } } };
      expect(reason(asking({}, undefined, { initContainers: [init] }), [], node)).toBe('OutOfmemory');
    });

    it('counts devices that it has, and leaves alone what no plugin offers here', () => {
      const gpu = asking({ 'example.com/gpu': '1' });
      expect(reason(gpu, [], node)).toBeUndefined();
      expect(reason(gpu, [gpu], node)).toBe('OutOfexample.com/gpu');
      expect(reason(asking({ 'example.com/other': '1' }), [], node)).toBeUndefined();
      expect(reason(asking({ 'hugepages-2Mi': '2Mi' }), [], node)).toBe('OutOfhugepages-2Mi');
    });

    it('is not asked before it is known', () => {
      expect(reason(asking({ cpu: '100' }), [], undefined)).toBeUndefined();
    });
  });

  it('refuses a pod that is not for it', () => {
    const node = { metadata: { name: 'n1', labels: { disk: 'ssd' } } };
    expect(reason(pod([], { nodeSelector: { disk: 'hdd' } }), [], node)).toBe('NodeAffinity');
    expect(reason(pod([], { nodeSelector: { disk: 'ssd' } }), [], node)).toBeUndefined();
  });

  it('lets a pod that is over, or going, be', () => {
    const node = { metadata: { name: 'n1' } };
    const spec = { nodeSelector: { disk: 'hdd' } };
    expect(reason(pod([], spec, 'Succeeded'), [], node)).toBeUndefined();
    const going = pod([], spec);
    going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    expect(reason(going, [], node)).toBeUndefined();
  });
});
