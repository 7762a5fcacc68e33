// Pod groups: all that are needed, or none.

import { afterEach, describe, expect, it } from 'vitest';
import { addPod, getPod, makeNode, makePod, openCluster, outcomes, runScheduler, stateOf, until } from './testing.ts';

const labels = { 'scheduling.x-k8s.io/pod-group': 'team' };
const member = (name: string, cpu = '2') => makePod(name, { labels, requests: { cpu } });

function teamOf(needed: number, nodes = [makeNode('a'), makeNode('b')]) {
  const state = stateOf(nodes);
  state.model.groups.set('default/team', needed);
  return state;
}

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe('a pod group', () => {
  it('is placed as a whole when there is room', () => {
    const all = outcomes(teamOf(3), member('p'), member('q'), member('r'));
    expect(Object.values(all).every((each) => each === 'a' || each === 'b')).toBe(true);
  });

  it('takes no room at all when there is not enough for it', () => {
    const state = teamOf(5);
    const all = outcomes(state, ...['p', 'q', 'r', 's', 't'].map((name) => member(name)));
    for (const message of Object.values(all))
      expect(message).toBe(
        'pod group default/team needs nodes for 5 pods at once and finds 4: 0/2 nodes are available: 2 Insufficient cpu.',
      );
    expect(outcomes(state, makePod('alone', { requests: { cpu: '4' } }))['alone']).toMatch(/^[ab]$/);
  });

  it('waits until enough of it exist, and counts those that run', () => {
    const state = teamOf(2);
    expect(outcomes(state, member('p'))).toEqual({ p: 'pod group default/team needs 2 pods and has 1' });
    expect(Object.keys(outcomes(state, member('p'), member('q')))).toHaveLength(2);
    expect(outcomes(state, member('more'))['more']).toMatch(/^[ab]$/);
  });

  it('that nobody described is none', () => {
    expect(outcomes(stateOf([makeNode('a')]), member('p'))).toEqual({ p: 'a' });
  });

  it('is decided on together by the loop, however its pods come', async () => {
    const test = await openCluster([makeNode('a'), makeNode('b')]);
    cleanUps.push(() => test.close());
    const object = { kind: 'PodGroup', metadata: { name: 'team', namespace: 'default' }, spec: { minMember: 3 } };
    const bytes = new TextEncoder().encode(JSON.stringify(object));
    await test.store.commit([
      { op: 'put', type: 'scheduling.x-k8s.io/podgroups', name: 'default/team', expect: 0, value: { bytes } },
    ]);
    const { scheduler, problems } = await runScheduler(test);
    cleanUps.push(() => scheduler.stop());
    for (const name of ['p', 'q']) {
      await addPod(test, member(name));
      await scheduler.idle();
      expect((await getPod(test, name)).spec?.nodeName).toBeUndefined();
    }
    await addPod(test, member('r'));
    for (const name of ['p', 'q', 'r']) await until('a bind', async () => (await getPod(test, name)).spec?.nodeName);
    expect(problems).toEqual([]);
  });
});
