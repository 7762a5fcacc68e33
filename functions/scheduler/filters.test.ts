import { describe, expect, it } from 'vitest';
import { makeNode, makePod, outcomes, stateOf } from './testing.ts';

const tail = (total: number) =>
  ` preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;

describe('what a node is', () => {
  it('refuses pods on a node that is unschedulable, unless they tolerate that', () => {
    const state = stateOf([makeNode('n', { unschedulable: true })]);
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' }];
    expect(outcomes(state, makePod('p'), makePod('daemon', { spec: { tolerations } }))).toEqual({
      p: `0/1 nodes are available: 1 node(s) were unschedulable.${tail(1)}`,
      daemon: 'n',
    });
  });

  it('refuses pods that do not tolerate its taints; a preference is none of them', () => {
    const state = stateOf([
      makeNode('a', { taints: [{ key: 'k', value: 'v', effect: 'NoExecute' }] }),
      makeNode('b', { taints: [{ key: 'k', value: 'w', effect: 'NoSchedule' }] }),
    ]);
    const equal = { tolerations: [{ key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute' }] };
    expect(outcomes(state, makePod('p'), makePod('q', { spec: equal }))).toEqual({
      p: `0/2 nodes are available: 2 node(s) had untolerated taint(s).${tail(2)}`,
      q: 'a',
    });
    const soft = stateOf([makeNode('n', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] })]);
    expect(outcomes(soft, makePod('p'))).toEqual({ p: 'n' });
  });

  it.each([
    ['In', { key: 'gen', operator: 'In', values: ['3', '5'] }, 'new'],
    ['NotIn', { key: 'gen', operator: 'NotIn', values: ['5'] }, 'old'],
    ['Exists', { key: 'ssd', operator: 'Exists' }, 'new'],
    ['DoesNotExist', { key: 'ssd', operator: 'DoesNotExist' }, 'old'],
    ['Gt', { key: 'gen', operator: 'Gt', values: ['2'] }, 'new'],
    ['Lt', { key: 'gen', operator: 'Lt', values: ['5'] }, 'old'],
  ])('honours node affinity %s', (_operator, expression, node) => {
    const state = stateOf([
      makeNode('old', { labels: { gen: '2' } }),
      makeNode('new', { labels: { gen: '5', ssd: '' } }),
    ]);
    const spec = {
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [expression] }] },
        },
      },
    };
    expect(outcomes(state, makePod('p', { spec }))).toEqual({ p: node });
  });

  it('honours matchFields, takes terms as alternatives, and an empty term for nothing', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    const spec = (...nodeSelectorTerms: object[]) => ({
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
    });
    const byName = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] };
    const never = { matchExpressions: [{ key: 'none', operator: 'Exists' }] };
    expect(outcomes(state, makePod('p', { spec: spec(never, byName) }), makePod('q', { spec: spec({}) }))).toEqual({
      p: 'b',
      q: `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.${tail(2)}`,
    });
  });
});

describe('room', () => {
  it('counts pods, cpu, memory, ephemeral storage and extended resources, and names all that lack', () => {
    const state = stateOf([
      makeNode('n', {
        allocatable: { cpu: '1', memory: '1Gi', pods: '1', 'ephemeral-storage': '1Gi', 'example.com/gpu': '1' },
      }),
    ]);
    const requests = { cpu: '2', memory: '2Gi', 'ephemeral-storage': '2Gi', 'example.com/gpu': '2' };
    expect(outcomes(state, makePod('p', { requests }), makePod('q'), makePod('r'))).toEqual({
      p: `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient ephemeral-storage, 1 Insufficient example.com/gpu, 1 Insufficient memory.${tail(1)}`,
      q: 'n',
      r: '0/1 nodes are available: 1 Too many pods. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    });
  });

  it('keeps a host port for one pod, by protocol and address', () => {
    const port = (protocol: string, hostIP?: string) => ({
      ports: [{ containerPort: 80, hostPort: 80, protocol, ...(hostIP && { hostIP }) }],
    });
    const state = stateOf([makeNode('n')]);
    const clash =
      "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
    expect(
      outcomes(
        state,
        makePod('one', port('TCP', '10.0.0.1')),
        makePod('two', port('TCP', '10.0.0.2')),
        makePod('udp', port('UDP')),
        makePod('again', port('TCP', '10.0.0.1')),
        makePod('all', port('TCP')),
      ),
    ).toEqual({ one: 'n', two: 'n', udp: 'n', again: clash, all: clash });
  });

  it('counts the reasons of all nodes, each node by its first', () => {
    const state = stateOf([
      makeNode('a', { unschedulable: true }),
      makeNode('b', { allocatable: { cpu: '1' } }),
      makeNode('c', { allocatable: { cpu: '1' } }),
    ]);
    expect(outcomes(state, makePod('p', { requests: { cpu: '2' } }))).toEqual({
      p: `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.${tail(3)}`,
    });
  });

  it('says so when there are no nodes at all', () => {
    expect(outcomes(stateOf([]), makePod('p'))).toEqual({ p: 'no nodes available to schedule pods' });
  });

  it('is given back when a pod leaves, and follows the size of the node', () => {
    const node = (cpu: string) => makeNode('n', { allocatable: { cpu } });
    const half = (name: string) => makePod(name, { requests: { cpu: '1' } });
    const state = stateOf([node('1')], [['n', half('old')]]);
    expect(outcomes(state, half('p'))['p']).toMatch(/Insufficient cpu/);
    state.model.removePod('default/old');
    expect(outcomes(state, half('p'))).toEqual({ p: 'n' });
    expect(outcomes(state, half('q'))['q']).toMatch(/Insufficient cpu/);
    state.model.setNode(node('2'));
    expect(outcomes(state, half('q'))).toEqual({ q: 'n' });
  });
});
