import { describe, expect, it } from 'vitest';
import { Model } from './model.ts';
import { podInfo } from './pod-info.ts';
import { makeNode, makePod } from './testing.ts';

const pod = (name: string, cpu = '1') => podInfo(makePod(name, { requests: { cpu } }));
const cpuOn = (model: Model, node: string) => model.nodes.get(node)?.requested['cpu'] ?? 0;

describe('Model', () => {
  it('counts pods whose node comes later', () => {
    const model = new Model();
    model.placePod(pod('p'), 'n');
    model.setNode(makeNode('n'));
    expect(cpuOn(model, 'n')).toBe(1000);
    model.removePod('default/p');
    expect(cpuOn(model, 'n')).toBe(0);
  });

  it('keeps pods of a node that goes, for when it comes back', () => {
    const model = new Model();
    model.setNode(makeNode('n'));
    model.placePod(pod('p'), 'n');
    model.removeNode('n');
    expect(model.nodes.size).toBe(0);
    model.setNode(makeNode('n'));
    expect(cpuOn(model, 'n')).toBe(1000);
  });

  it('moves a pod that is placed elsewhere, and takes a changed one anew', () => {
    const model = new Model();
    for (const name of ['a', 'b']) model.setNode(makeNode(name));
    model.placePod(pod('p'), 'a');
    model.placePod(pod('p', '2'), 'b');
    expect([cpuOn(model, 'a'), cpuOn(model, 'b'), model.placedCount]).toEqual([0, 2000, 1]);
  });

  it('gives the place of a node that went to a new one, without mistaking one for the other', () => {
    const model = new Model();
    model.setNode(makeNode('a'));
    const version = model.versions[0];
    model.removeNode('a');
    model.setNode(makeNode('b'));
    expect(model.slots.map((each) => each?.name)).toEqual(['b']);
    expect(model.versions[0]).not.toBe(version);
  });

  it('tells whether a change of a node matters to pods', () => {
    const model = new Model();
    expect(model.setNode(makeNode('n'))).toBe(true);
    expect(model.setNode(makeNode('n'))).toBe(false);
    expect(model.setNode(makeNode('n', { images: [{ names: ['i'], sizeBytes: 1 }] }))).toBe(false);
    expect(model.setNode(makeNode('n', { labels: { a: 'b' } }))).toBe(true);
    expect(model.setNode(makeNode('n', { labels: { a: 'b' }, allocatable: { cpu: '8' } }))).toBe(true);
  });

  it('ends a nomination when the pod is placed, or its node goes', () => {
    const model = new Model();
    model.setNode(makeNode('n'));
    model.nominate(pod('p'), 'n');
    expect(model.nominatedNode('default/p')?.name).toBe('n');
    model.placePod(pod('p'), 'n');
    expect(model.nominatedNode('default/p')).toBeUndefined();
    model.nominate(pod('q'), 'n');
    model.removeNode('n');
    expect(model.nominatedNode('default/q')).toBeUndefined();
    model.setNode(makeNode('n'));
    expect(model.nodes.get('n')?.nominated.size).toBe(0);
  });
});
