import { describe, expect, it } from 'vitest';
import { growth } from '../../test/tools/growth.ts';
import { deepFreeze } from './equality.ts';
import { applyStrategicMergePatch } from './strategic-merge-patch.ts';
import { deploymentSchema } from './test-schema.ts';

const schema = deploymentSchema.properties!['spec']!.properties!['template']!;

function patch(original: unknown, change: unknown): unknown {
  return applyStrategicMergePatch(schema, deepFreeze(original), deepFreeze(change));
}

function pod(...containers: object[]) {
  return { spec: { containers } };
}

const a = { name: 'a', image: 'a:1' };
const b = { name: 'b', image: 'b:1' };
const c = { name: 'c', image: 'c:1' };

describe('a strategic merge patch', () => {
  it('merges a list by its key, and removes with null', () => {
    expect(patch(pod(a, b), pod({ name: 'b', image: 'b:2' }))).toEqual(pod(a, { name: 'b', image: 'b:2' }));
    expect(patch(pod(a, b), pod({ name: 'b', image: null }))).toEqual(pod(a, { name: 'b' }));
  });

  it('puts new items first, as Kubernetes does without an order', () => {
    expect(patch(pod(a, b), pod(c))).toEqual(pod(c, a, b));
  });

  it('keeps the order that it sets', () => {
    const order = [{ name: 'b' }, { name: 'c' }, { name: 'a' }];
    expect(patch(pod(a, b), { spec: { '$setElementOrder/containers': order, containers: [c] } })).toEqual(pod(b, c, a));
    expect(patch(pod(a, b), { spec: { '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] } })).toEqual(
      pod(b, a),
    );
  });

  it('keeps what others added in its place', () => {
    const order = [{ name: 'a' }, { name: 'c' }];
    expect(
      patch(pod(a, b, c), {
        spec: { '$setElementOrder/containers': order, containers: [{ name: 'c', image: 'c:2' }] },
      }),
    ).toEqual(pod(a, b, { name: 'c', image: 'c:2' }));
  });

  it('refuses a patch in another order than it sets', () => {
    const change = { spec: { '$setElementOrder/containers': [{ name: 'a' }, { name: 'b' }], containers: [b, a] } };
    expect(() => patch(pod(a, b), change)).toThrow(expect.objectContaining({ reason: 'BadRequest' }));
  });

  it('deletes an item, and replaces a list or a map', () => {
    expect(patch(pod(a, b), pod({ $patch: 'delete', name: 'a' }))).toEqual(pod(b));
    expect(patch(pod(a, b), pod({ $patch: 'replace' }, c))).toEqual(pod(c));
    expect(patch(pod(a), { spec: { $patch: 'replace', nodeSelector: { x: 'y' } } })).toEqual({
      spec: { nodeSelector: { x: 'y' } },
    });
    expect(patch(pod(a), { spec: { $patch: 'delete' } })).toEqual({ spec: {} });
  });

  it('leaves only the keys that it retains', () => {
    const original = { spec: { volumes: [{ name: 'v', emptyDir: { medium: 'Memory' } }] } };
    const change = { spec: { volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] } };
    expect(patch(original, change)).toEqual({ spec: { volumes: [{ name: 'v', hostPath: { path: '/x' } }] } });
    expect(() => patch(original, { spec: { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: {} }] } })).toThrow(
      '$retainKeys',
    );
  });

  it('merges and deletes plain values of a list', () => {
    const original = { metadata: { finalizers: ['x/a', 'x/b'] } };
    expect(patch(original, { metadata: { finalizers: ['x/c', 'x/a'] } })).toEqual({
      metadata: { finalizers: ['x/c', 'x/a', 'x/b'] },
    });
    expect(patch(original, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x/a'] } })).toEqual({
      metadata: { finalizers: ['x/b'] },
    });
  });

  it('replaces a list that does not merge', () => {
    const original = { spec: { tolerations: [{ key: 'a' }] } };
    expect(patch(original, { spec: { tolerations: [{ key: 'b', operator: null }] } })).toEqual({
      spec: { tolerations: [{ key: 'b' }] },
    });
  });

  it('adds maps without their nulls', () => {
    expect(patch({}, { metadata: { labels: { a: 'b', c: null } } })).toEqual({ metadata: { labels: { a: 'b' } } });
  });

  it.each([
    [pod({ image: 'x' }), 'does not contain declared merge key: name'],
    [pod({ $patch: 'merge', name: 'a' }), 'unknown $patch "merge"'],
    [{ spec: { $patch: 'x' } }, 'unknown $patch "x"'],
    [{ spec: { containers: ['a'] } }, 'must all be objects'],
  ])('%j is refused', (change, message) => {
    expect(() => patch(pod(a), change)).toThrow(message);
  });

  it('merges long lists in a time that grows with their length', () => {
    const merge = (length: number) => {
      const finalizers = Array.from({ length }, (_, index) => `x/${index}`);
      const result = patch({ metadata: { finalizers } }, { metadata: { finalizers: finalizers.toReversed() } });
      expect((result as { metadata: object }).metadata).toEqual({ finalizers: finalizers.toReversed() });
    };
    // Thirty times, where each is looked for among all.
    expect(growth(merge, 1_000, 30_000)).toBeLessThan(8);
  });

  it('treats __proto__ as a name', () => {
    const result = patch({}, JSON.parse('{"metadata": {"labels": {"__proto__": "x"}}}'));
    expect(JSON.stringify(result)).toBe('{"metadata":{"labels":{"__proto__":"x"}}}');
  });
});
