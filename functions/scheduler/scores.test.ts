import { describe, expect, it } from 'vitest';
import { makeNode, makePod, outcomes, stateOf } from './testing.ts';

const mega = 2 ** 20;

describe('the best node', () => {
  it('is the one with the most room', () => {
    const state = stateOf(
      [makeNode('a'), makeNode('b')],
      [['a', makePod('old', { requests: { cpu: '2', memory: '4Gi' } })]],
    );
    expect(outcomes(state, makePod('p', { requests: { cpu: '1', memory: '2Gi' } }))).toEqual({ p: 'b' });
  });

  it('is the one whose cpu and memory are then used evenly', () => {
    const state = stateOf(
      [
        makeNode('a', { allocatable: { cpu: '4', memory: '4Gi' } }),
        makeNode('b', { allocatable: { cpu: '4', memory: '4Gi' } }),
      ],
      [
        ['a', makePod('cpu-bound', { requests: { cpu: '2', memory: '1Mi' } })],
        ['b', makePod('memory-bound', { requests: { cpu: '1m', memory: '2Gi' } })],
      ],
    );
    expect(outcomes(state, makePod('p', { requests: { cpu: '2', memory: '1Mi' } }))).toEqual({ p: 'b' });
  });

  it('is the preferred one, by the sum of the weights', () => {
    const state = stateOf([makeNode('a', { labels: { x: '1' } }), makeNode('b', { labels: { y: '1', z: '1' } })]);
    const prefer = (key: string, weight: number) => ({
      weight,
      preference: { matchExpressions: [{ key, operator: 'Exists' }] },
    });
    const spec = {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [prefer('x', 50), prefer('y', 30), prefer('z', 30)],
        },
      },
    };
    expect(outcomes(state, makePod('p', { spec }), makePod('q', { spec }))).toEqual({ p: 'b', q: 'b' });
  });

  it('is one without taints that the pod would rather avoid', () => {
    const avoided = makeNode('a', { taints: [{ key: 'k', effect: 'PreferNoSchedule' }] });
    const state = stateOf([avoided, makeNode('b')]);
    const pods = ['p', 'q', 'r'].map((name) => makePod(name));
    expect(outcomes(state, ...pods)).toEqual({ p: 'b', q: 'b', r: 'b' });
  });

  it.each([
    ['example/app:1', 'example/app:1'],
    ['example/app', 'docker.io/example/app:latest'],
    ['app', 'docker.io/library/app:latest'],
    ['registry.example.com:5000/app', 'registry.example.com:5000/app:latest'],
  ])('is the one that holds the image %s, listed as %s', (image, listed) => {
    const images = [{ names: [listed], sizeBytes: 800 * mega }];
    const state = stateOf([makeNode('a'), makeNode('b', { images })]);
    const spec = { containers: [{ name: 'c', image }] };
    expect(outcomes(state, makePod('p', { spec }))).toEqual({ p: 'b' });
  });

  it('changes when a node comes to hold the image', () => {
    const state = stateOf([makeNode('a'), makeNode('b')]);
    const spec = { containers: [{ name: 'c', image: 'app' }] };
    expect(outcomes(state, makePod('first', { spec }))).toEqual({ first: 'a' });
    state.next = 0;
    state.model.removePod('default/first');
    state.model.setNode(
      makeNode('b', { images: [{ names: ['docker.io/library/app:latest'], sizeBytes: 900 * mega }] }),
    );
    expect(outcomes(state, makePod('second', { spec }))).toEqual({ second: 'b' });
  });

  it('alternates between equal nodes', () => {
    const state = stateOf([makeNode('a'), makeNode('b'), makeNode('c')]);
    const all = outcomes(state, ...Array.from({ length: 9 }, (_, i) => makePod(`p${i}`)));
    for (const name of ['a', 'b', 'c']) expect(Object.values(all).filter((each) => each === name)).toHaveLength(3);
  });
});
