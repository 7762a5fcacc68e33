// An object that `kubectl apply` made goes on with `kubectl apply --server-side`.

import { describe, expect, it } from 'vitest';
import { schemaOf } from '../../api/models.ts';
import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import { apply } from './apply.ts';
import { faultsIn } from './duplicates.ts';
import { withLastApplied } from './last-applied.ts';

const schema = schemaOf('V1ConfigMap');
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const type = { apiVersion: 'v1', kind: 'ConfigMap' };
const configMap = (data: object, label: string): KubeObject => ({
  ...type,
  metadata: { name: 'up', labels: { name: label } },
  data,
});

/** As the object is after a client-side apply of `said`, and of what others did to it since. */
function appliedClientSide(said: KubeObject, data: object, text = JSON.stringify(said)): KubeObject {
  const fields = { 'f:data': { 'f:k': {}, 'f:other': {} }, 'f:metadata': { 'f:labels': { 'f:name': {} } } };
  const entry = { manager: 'kubectl-client-side-apply', operation: 'Update' as const, apiVersion: 'v1' };
  return {
    ...said,
    metadata: {
      ...said.metadata,
      annotations: { [annotation]: text },
      managedFields: [{ ...entry, fieldsType: 'FieldsV1', fieldsV1: fields }],
    },
    data,
  };
}

function serverSide(live: KubeObject, applied: KubeObject, manager = 'kubectl'): KubeObject {
  return apply({ schema, live, applied, manager, apiVersion: 'v1', force: false, time: '2026-01-01T00:00:00Z' });
}

const first = configMap({ k: 'v1' }, 'a');
const second = configMap({ k: 'v2' }, 'b');

describe('what was applied client-side', () => {
  it('is changed without a conflict, and its annotation with it', () => {
    const result = serverSide(appliedClientSide(first, { k: 'v1' }), second);
    expect(result).toMatchObject({ data: { k: 'v2' }, metadata: { labels: { name: 'b' } } });
    expect(result.metadata.annotations?.[annotation]).toBe(
      '{"apiVersion":"v1","data":{"k":"v2"},"kind":"ConfigMap","metadata":{"labels":{"name":"b"},"name":"up"}}\n',
    );
  });

  it('is a conflict where others changed it since, or never was applied', () => {
    const conflict = 'conflict with "kubectl-client-side-apply" using v1: .data.k';
    const changed = appliedClientSide(first, { k: 'changed' });
    expect(() => serverSide(changed, configMap({ k: 'v2' }, 'a'))).toThrow(conflict);
    const more = appliedClientSide(configMap({}, 'a'), { k: 'v1' });
    expect(() => serverSide(more, configMap({ k: 'v2' }, 'a'))).toThrow(conflict);
  });

  it.each(['[', '[]', '{"metadata":1}', 'null', '{"apiVersion":"v2","metadata":{},"data":{"k":"v1"}}'])(
    'is not what an annotation of %s says',
    (text) => {
      expect(() => serverSide(appliedClientSide(first, { k: 'v1' }, text), second)).toThrow(
        expect.objectContaining({ reason: 'Conflict' }),
      );
    },
  );

  it('is kept by other managers than kubectl', () => {
    expect(() => serverSide(appliedClientSide(first, { k: 'v1' }), second, 'me')).toThrow(
      expect.objectContaining({ reason: 'Conflict' }),
    );
  });
});

describe('the annotation', () => {
  it('is made for no object that has none, and is emptied where it would not fit', () => {
    expect(withLastApplied(first, second, 'kubectl')).toBe(first);
    const large = withLastApplied(appliedClientSide(first, {}), configMap({ k: 'x'.repeat(300_000) }, 'a'), 'kubectl');
    expect(large.metadata.annotations?.[annotation]).toBe('');
  });
});

describe('duplicate keys of an applied configuration', () => {
  it('are told once each, with the list that they are in', () => {
    const container = (...names: string[]) => ({ name: 'c', env: names.map((name) => ({ name })) });
    expect(faultsIn(schemaOf('V1PodSpec'), { containers: [container('A', 'B', 'A', 'A')] })).toEqual([
      '.containers[name="c"].env: duplicate entries for key [name="A"]',
    ]);
    expect(faultsIn(schemaOf('V1ObjectMeta'), { finalizers: ['a/x', 'a/x'] })).toEqual([
      '.finalizers: duplicate entries for key [="a/x"]',
    ]);
    const port = { containerPort: 80 };
    expect(faultsIn(schemaOf('V1Container'), { ports: [port, { ...port, protocol: 'UDP' }] })).toEqual([]);
    expect(faultsIn(schemaOf('V1Container'), { ports: [port, { ...port, protocol: 'TCP' }] })).toHaveLength(1);
  });

  it('are missing in items of custom resources that say none, and not in those of built-in types', () => {
    const keyed = (key: Schema): Schema => ({
      type: 'object',
      properties: {
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: key } },
        },
      },
    });
    const list = { list: [{}, null, 'x', { k: 'a' }] };
    const others = [
      '.list: element 1: associative list with keys may not have a null element',
      '.list: element 2: associative list with keys may not have non-map elements',
    ];
    expect(faultsIn(keyed({ type: 'string' }), list)).toEqual([
      `.list: element 0: associative list with keys has an element that omits key field "k" (and doesn't have default value)`,
      ...others,
    ]);
    expect(faultsIn(keyed({ type: 'string', default: 'd' }), list)).toEqual(others);
    expect(faultsIn(schemaOf('V1PodSpec'), { imagePullSecrets: [{}] })).toEqual([]);
  });
});
