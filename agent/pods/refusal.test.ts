import { describe, expect, it } from 'vitest';
import type { V1ContainerPort, V1Node, V1PodSpec } from '../../generated/kubernetes.ts';
import type { Pod } from '../pod/pod.ts';
import { refusalOf as refusalOnNode } from './refusal.ts';
import { testSecurity } from './test-pod.ts';

const refusalOf = (wanted: Pod, others: readonly Pod[], node: V1Node | undefined) =>
  refusalOnNode(wanted, others, node, testSecurity());
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
