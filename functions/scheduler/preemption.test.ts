import { describe, expect, it } from 'vitest';
import type { V1Pod } from '../../generated/kubernetes.ts';
import { decide, makeNode, makePod, outcomes, type PodParts, stateOf } from './testing.ts';

const sized = (name: string, cpu: string, priority: number, more: PodParts = {}): V1Pod =>
  makePod(name, { requests: { cpu }, ...more, spec: { priority, ...more.spec } });

function preemption(state: ReturnType<typeof stateOf>, pod: V1Pod) {
  const [rejection] = decide(state, pod).rejections;
  const found = rejection?.preemption;
  return found && { node: found.node, victims: found.victims.map(({ name }) => name) };
}

describe('preemption', () => {
  it('lets as few go as are needed, and the least important', () => {
    const state = stateOf(
      [makeNode('n')],
      [
        ['n', sized('two', '1', 2)],
        ['n', sized('one', '1', 1)],
        ['n', sized('three', '1', 3)],
        ['n', sized('four', '1', 4)],
      ],
    );
    expect(preemption(state, sized('p', '2', 10))).toEqual({ node: 'n', victims: ['two', 'one'] });
    expect(state.model.nominatedNode('default/p')?.name).toBe('n');
    expect(outcomes(state, sized('again', '2', 10))['again']).toBe('0/1 nodes are available: 1 Insufficient cpu.');
  });

  it('prefers the node whose victims matter least', () => {
    const state = stateOf(
      [makeNode('a'), makeNode('b'), makeNode('c')],
      [
        ['a', sized('a1', '4', 5)],
        ['b', sized('b1', '2', 3)],
        ['b', sized('b2', '2', 3)],
        ['c', sized('c1', '4', 3)],
      ],
    );
    expect(preemption(state, sized('p', '4', 10))).toEqual({ node: 'c', victims: ['c1'] });
  });

  it('breaks a disruption budget only when nothing else helps', () => {
    const placed = [
      ['a', sized('guarded', '4', 1, { labels: { app: 'db' } })],
      ['b', sized('free', '4', 5)],
    ] as const;
    const state = stateOf([makeNode('a'), makeNode('b')], placed);
    state.model.budgets.set('default/db', {
      metadata: { name: 'db', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'db' } } },
      status: { disruptionsAllowed: 0, currentHealthy: 1, desiredHealthy: 1, expectedPods: 1 },
    });
    state.model.budgetVersion += 1;
    expect(preemption(state, sized('p', '4', 10))).toEqual({ node: 'b', victims: ['free'] });
    expect(preemption(state, sized('q', '4', 9))).toEqual({ node: 'a', victims: ['guarded'] });
  });

  it('never touches pods of the same or a higher priority', () => {
    const state = stateOf([makeNode('n')], [['n', sized('old', '4', 10)]]);
    expect(outcomes(state, sized('p', '4', 10))).toEqual({
      p: '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    });
  });

  it('is not tried for a pod that says Never', () => {
    const state = stateOf([makeNode('n')], [['n', sized('old', '4', 0)]]);
    const polite = sized('p', '4', 10, { spec: { preemptionPolicy: 'Never' } });
    expect(outcomes(state, polite)['p']).toMatch(/ preemption: not eligible due to preemptionPolicy=Never\.$/);
  });

  it('does not help where the node would never do', () => {
    const state = stateOf(
      [makeNode('small', { allocatable: { cpu: '1' } }), makeNode('off', { unschedulable: true })],
      [['small', sized('old', '1', 0)]],
    );
    expect(outcomes(state, sized('p', '2', 10))['p']).toBe(
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    );
  });

  it('keeps the room for the pod, against others of its priority and below, not above', () => {
    const state = stateOf([makeNode('n')], [['n', sized('old', '4', 0)]]);
    expect(preemption(state, sized('p', '4', 10))?.victims).toEqual(['old']);
    state.model.removePod('default/old');
    expect(outcomes(state, sized('same', '4', 10))['same']).toMatch(/Insufficient cpu/);
    expect(outcomes(state, sized('p', '4', 10))).toEqual({ p: 'n' });
    const other = stateOf([makeNode('n')], [['n', sized('old', '4', 0)]]);
    preemption(other, sized('p', '4', 10));
    other.model.removePod('default/old');
    expect(outcomes(other, sized('above', '4', 11))).toEqual({ above: 'n' });
  });

  it('waits for victims that are leaving already', () => {
    const leaving = sized('old', '4', 0, { metadata: { deletionTimestamp: '2026-01-01T00:00:01Z' } });
    const state = stateOf([makeNode('n')], [['n', sized('old', '4', 0)]]);
    const pod = sized('p', '4', 10);
    preemption(state, pod);
    state.model.removePod('default/old');
    const [info] = decide(stateOf([makeNode('x')]), leaving).bindings;
    if (info) state.model.placePod(info.pod, 'n');
    const [again] = decide(state, pod).rejections;
    expect(again?.preemption).toBeUndefined();
    expect(again?.message).toMatch(/ preemption: not eligible due to a terminating pod on the nominated node\.$/);
    expect(state.model.nominatedNode('default/p')?.name).toBe('n');
  });

  it('makes way for host ports and anti-affinity too', () => {
    const ports = [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }];
    const byPort = stateOf([makeNode('n')], [['n', makePod('old', { ports })]]);
    expect(preemption(byPort, makePod('p', { ports, spec: { priority: 1 } }))?.victims).toEqual(['old']);
    const apart = {
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } },
          ],
        },
      },
    };
    const byTerm = stateOf(
      [makeNode('n')],
      [
        ['n', makePod('web', { labels: { app: 'web' } })],
        ['n', makePod('other')],
      ],
    );
    const before = byTerm.model.placedCount;
    expect(preemption(byTerm, makePod('p', { spec: { priority: 1, ...apart } }))?.victims).toEqual(['web']);
    // Trying leaves the model as it was.
    expect(byTerm.model.placedCount).toBe(before);
    expect(byTerm.model.nodeOf('default/web')).toBe('n');
  });

  it('takes a nomination from a less important pod', () => {
    const state = stateOf([makeNode('n')], [['n', sized('old', '4', 0)]]);
    preemption(state, sized('p', '4', 10));
    const [rejection] = decide(state, sized('q', '4', 20)).rejections;
    expect(rejection?.displaced).toEqual(['default/p']);
    expect(state.model.nominatedNode('default/p')).toBeUndefined();
  });
});
