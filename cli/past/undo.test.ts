import { describe, expect, it } from 'vitest';
import { applyJsonPatch } from '../../core/machinery/json-patch.ts';
import { fieldChanges, pathText } from './field-changes.ts';
import { recreated, undo, undoable } from './undo.ts';

const deployment = (over: object = {}, containers: object[] = [{ name: 'app', image: 'web:1' }]) => ({
  kind: 'Deployment',
  metadata: { name: 'web', resourceVersion: '7', labels: { app: 'web' } },
  spec: { replicas: 1, template: { spec: { containers } }, ...over },
  status: { replicas: 1 },
});

/** What is there after the patch, without the revision. */
function undone(before: object, after: object, present: object): unknown {
  const undoing = undo(before, after, present);
  if (undoing.kind !== 'patch') return undoing;
  return applyJsonPatch(structuredClone(present), undoing.operations);
}

describe('what differs', () => {
  it('is told field by field, elements of lists by their names', () => {
    const before = deployment();
    const after = deployment({ replicas: 3, paused: true }, [
      { name: 'log', image: 'log:1' },
      { name: 'app', image: 'web:2' },
    ]);
    const changes = fieldChanges(before, after).map(({ path, before: old, after: now }) => [pathText(path), old, now]);
    expect(changes).toEqual([
      ['spec.replicas', 1, 3],
      ['spec.template.spec.containers[app].image', 'web:1', 'web:2'],
      ['spec.template.spec.containers[log]', undefined, { name: 'log', image: 'log:1' }],
      ['spec.paused', undefined, true],
    ]);
  });

  it('has names as they are where they are no words', () => {
    const [change] = fieldChanges({ metadata: { annotations: {} } }, { metadata: { annotations: { 'a.b/c': '1' } } });
    expect(pathText(change?.path ?? [])).toBe('metadata.annotations["a.b/c"]');
  });

  it('leaves out what only the server writes', () => {
    const one = { metadata: { resourceVersion: '1', generation: 1, managedFields: [1] } };
    expect(fieldChanges(one, { metadata: { resourceVersion: '2', generation: 2, managedFields: [2] } })).toEqual([]);
  });
});

describe('undo', () => {
  it('takes back what the change did, and keeps what came later', () => {
    const before = deployment();
    const after = deployment({ replicas: 3 }, [{ name: 'app', image: 'web:2', args: ['-v'] }]);
    const present = deployment({ replicas: 3, paused: true }, [
      { name: 'sidecar', image: 'side:1' },
      { name: 'app', image: 'web:2', args: ['-v'] },
    ]);
    expect(undone(before, after, present)).toEqual(
      deployment({ replicas: 1, paused: true }, [
        { name: 'sidecar', image: 'side:1' },
        { name: 'app', image: 'web:1' },
      ]),
    );
  });

  it('brings back and removes elements of lists, wherever they stand now', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name, image: 'x' }));
    const present = deployment(
      {},
      [c, a].map((each) => ({ ...each })),
    );
    expect(undone(deployment({}, [{ ...b }]), deployment({}, [{ ...a }, { ...c }]), present)).toEqual(
      deployment({}, [{ ...b }]),
    );
  });

  it('names what later changes touch, and changes nothing', () => {
    const present = deployment({ replicas: 5 });
    expect(undo(deployment(), deployment({ replicas: 3, paused: true }), { ...present })).toEqual({
      kind: 'conflict',
      fields: ['spec.replicas', 'spec.paused'].slice(0, 1),
    });
  });

  it('of what was taken back already is nothing, and so is one of the status', () => {
    expect(undo(deployment(), deployment({ replicas: 3 }), deployment())).toEqual({ kind: 'nothing' });
    expect(undoable(deployment(), { ...deployment(), status: { replicas: 9 } })).toEqual([]);
  });

  it('holds for exactly what was seen', () => {
    const undoing = undo(deployment(), deployment({ replicas: 3 }), deployment({ replicas: 3 }));
    expect(undoing).toMatchObject({ operations: [{ op: 'test', path: '/metadata/resourceVersion', value: '7' }, {}] });
  });

  it('escapes names as JSON pointers want them', () => {
    const of = (annotations: object) => ({ metadata: { name: 'x', resourceVersion: '1', annotations } });
    const [before, after] = [of({}), of({ 'a/b~c': '1' })];
    expect(undone(before, after, structuredClone(after))).toEqual(before);
  });
});

it('a deleted object comes back without what was its own life’s', () => {
  const last = {
    kind: 'ConfigMap',
    metadata: { name: 'c', uid: 'u', resourceVersion: '1', deletionTimestamp: 't', labels: { a: 'b' } },
    data: { k: 'v' },
    status: {},
  };
  expect(recreated(last)).toEqual({ kind: 'ConfigMap', metadata: { name: 'c', labels: { a: 'b' } }, data: { k: 'v' } });
});
