import { describe, expect, it } from 'vitest';
import { DesiredObjects } from './desired-objects.ts';

const pod = (name: string, resourceVersion = '1') => ({ metadata: { name, namespace: 'default', resourceVersion } });

describe('DesiredObjects', () => {
  it('takes a whole state, and drops what is not in it', () => {
    const objects = new DesiredObjects();
    objects.apply({ cursor: '1', full: true, resources: { pods: { put: [pod('a'), pod('b')], remove: [] } } });
    const changed = objects.apply({ cursor: '2', full: true, resources: { pods: { put: [pod('b')], remove: [] } } });
    expect([...changed]).toEqual(['pods']);
    expect(objects.list('pods')).toEqual([pod('b')]);
    expect(objects.cursor).toBe('2');
  });

  it('takes changes, and says which resources they touch', () => {
    const objects = new DesiredObjects();
    objects.apply({ cursor: '1', full: true, resources: { pods: { put: [pod('a')], remove: [] } } });
    const changed = objects.apply({
      cursor: '2',
      full: false,
      resources: { pods: { put: [pod('a'), pod('c')], remove: [] }, secrets: { put: [], remove: ['default/none'] } },
    });
    expect([...changed]).toEqual(['pods']);
    expect(objects.get('pods', 'c', 'default')).toEqual(pod('c'));
    expect([
      ...objects.apply({ cursor: '3', full: false, resources: { pods: { put: [pod('a')], remove: [] } } }),
    ]).toEqual([]);
    expect([
      ...objects.apply({ cursor: '4', full: false, resources: { pods: { put: [], remove: ['default/a'] } } }),
    ]).toEqual(['pods']);
  });

  it('drops what is not in a resource that came whole', () => {
    const objects = new DesiredObjects();
    const peer = (name: string) => ({ metadata: { name, resourceVersion: '1' } });
    const told = (...names: string[]) => ({ policypeers: { put: names.map(peer), remove: [], whole: true } });
    objects.apply({ cursor: '1', full: true, resources: { pods: { put: [pod('a')], remove: [] }, ...told('a', 'b') } });
    expect([...objects.apply({ cursor: '2', full: false, resources: told('b') })]).toEqual(['policypeers']);
    expect(objects.list('policypeers')).toEqual([peer('b')]);
    expect(objects.list('pods')).toEqual([pod('a')]);
  });

  it('comes back from what it stored', () => {
    const objects = new DesiredObjects();
    objects.apply({
      cursor: '7',
      full: true,
      resources: { nodes: { put: [{ metadata: { name: 'n' } }], remove: [] } },
    });
    const restored = new DesiredObjects();
    restored.restore(JSON.parse(JSON.stringify(objects.store())));
    expect(restored.get('nodes', 'n')).toEqual({ metadata: { name: 'n' } });
    expect(restored.cursor).toBe('7');
  });
});
