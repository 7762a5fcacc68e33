import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../equality.ts';
import type { KubeObject } from '../object.ts';
import type { Schema } from '../schema.ts';
import { StatusError } from '../status.ts';
import { deploymentSchema } from '../test-schema.ts';
import { type ApplyRequest, apply } from './apply.ts';
import { setOf } from './field-set.ts';
import { trackUpdate } from './track.ts';

const name = { name: 'web', namespace: 'default' };

function configuration(spec: object, metadata: object = {}): KubeObject {
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...name, ...metadata }, spec };
}

function applyTo(live: KubeObject | undefined, applied: KubeObject, options: Partial<ApplyRequest> = {}): KubeObject {
  return apply({
    schema: deploymentSchema,
    live: live && deepFreeze(live),
    applied: deepFreeze(applied),
    manager: 'a',
    apiVersion: 'apps/v1',
    force: false,
    time: '2026-01-01T00:00:00Z',
    ...options,
  });
}

function updated(live: KubeObject, change: Partial<KubeObject>, manager = 'u'): KubeObject {
  const object = { ...live, ...change };
  const managedFields = trackUpdate({
    schema: deploymentSchema,
    live,
    object,
    manager,
    apiVersion: 'apps/v1',
    time: '2026-01-02T00:00:00Z',
  });
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function containers(...items: object[]) {
  return { template: { spec: { containers: items } } };
}

function owners(object: KubeObject) {
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map((each) => [`${each.operation} ${each.manager}`, each.fieldsV1]),
  );
}

function failureOf(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
  return expect.fail('it did not fail');
}

describe('an apply', () => {
  it('makes an object and owns what it says', () => {
    const object = applyTo(
      undefined,
      configuration({ replicas: 1, ...containers({ name: 'c', image: 'i' }) }, { labels: { app: 'web' } }),
    );
    expect(object).toEqual({
      ...configuration({ replicas: 1, ...containers({ name: 'c', image: 'i' }) }, { labels: { app: 'web' } }),
      metadata: {
        ...name,
        labels: { app: 'web' },
        managedFields: [
          {
            manager: 'a',
            operation: 'Apply',
            apiVersion: 'apps/v1',
            time: '2026-01-01T00:00:00Z',
            fieldsType: 'FieldsV1',
            fieldsV1: {
              'f:metadata': { 'f:labels': { 'f:app': {} } },
              'f:spec': {
                'f:replicas': {},
                'f:template': {
                  'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
                },
              },
            },
          },
        ],
      },
    });
  });

  it('that changes nothing gives the same object', () => {
    const live = applyTo(undefined, configuration({ replicas: 1 }));
    expect(applyTo(live, configuration({ replicas: 1 }), { time: '2027-01-01T00:00:00Z' })).toBe(live);
  });

  it('removes what it no longer says', () => {
    const live = applyTo(undefined, configuration({ replicas: 1, paused: true }, { labels: { a: '1', b: '2' } }));
    const object = applyTo(live, configuration({ replicas: 1 }, { labels: { a: '1' } }));
    expect(object['spec']).toEqual({ replicas: 1 });
    expect(object.metadata.labels).toEqual({ a: '1' });
    const none = applyTo(object, configuration({ replicas: 1 }));
    expect(none.metadata).not.toHaveProperty('labels');
  });

  it('removes an item of a list with what was defaulted in it', () => {
    const live = applyTo(undefined, configuration(containers({ name: 'a' }, { name: 'b', image: 'i' })));
    const defaulted = { ...live, spec: containers({ name: 'a' }, { name: 'b', image: 'i', command: ['x'] }) };
    expect(applyTo(defaulted, configuration(containers({ name: 'a' })))['spec']).toEqual(containers({ name: 'a' }));
  });

  it('keeps what others own of what it no longer says', () => {
    const live = applyTo(undefined, configuration(containers({ name: 'a', image: 'i' })));
    const changed = updated(live, { spec: containers({ name: 'a', image: 'i', command: ['x'] }) });
    expect(applyTo(changed, configuration({ replicas: 1 }))['spec']).toEqual({
      ...containers({ name: 'a', command: ['x'] }),
      replicas: 1,
    });
  });

  it('fails where another manager set another value, with a cause for each field', () => {
    const live = updated(
      applyTo(undefined, configuration({ paused: true })),
      { spec: { paused: true, replicas: 3 } },
      'hpa',
    );
    const one = failureOf(() => applyTo(live, configuration({ replicas: 1 }), { manager: 'b' }));
    expect(one.message).toBe('Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas');
    expect(one.code).toBe(409);
    expect(one.details?.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "hpa" using apps/v1', field: '.spec.replicas' },
    ]);
    const two = failureOf(() => applyTo(live, configuration({ replicas: 1, paused: false }), { manager: 'b' }));
    expect(two.message).toBe(
      'Apply failed with 2 conflicts: conflicts with "a":\n- .spec.paused\nconflicts with "hpa" using apps/v1:\n- .spec.replicas',
    );
  });

  it('names an item of a list in a conflict', () => {
    const live = applyTo(undefined, configuration(containers({ name: 'a', image: 'i' })));
    const error = failureOf(() =>
      applyTo(live, configuration(containers({ name: 'a', image: 'j' })), { manager: 'b' }),
    );
    expect(error.details?.causes?.[0]?.field).toBe('.spec.template.spec.containers[name="a"].image');
  });

  it('takes fields over when forced', () => {
    const live = applyTo(undefined, configuration({ replicas: 3, paused: true }));
    const object = applyTo(live, configuration({ replicas: 1 }), { manager: 'b', force: true });
    expect(object['spec']).toEqual({ replicas: 1, paused: true });
    expect(owners(object)).toEqual({
      'Apply a': { 'f:spec': { 'f:paused': {} } },
      'Apply b': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('shares a field with who set the same value; the field stays until the last one leaves', () => {
    const shared = applyTo(applyTo(undefined, configuration({ replicas: 1 })), configuration({ replicas: 1 }), {
      manager: 'b',
    });
    expect(Object.keys(owners(shared))).toEqual(['Apply a', 'Apply b']);
    const left = applyTo(shared, configuration({}));
    expect(left['spec']).toEqual({ replicas: 1 });
    expect(owners(left)).not.toHaveProperty('Apply a', expect.objectContaining({ 'f:spec': { 'f:replicas': {} } }));
    const gone = applyTo(left, configuration({ paused: false }), { manager: 'b' });
    expect(gone['spec']).toEqual({ paused: false });
  });

  it('replaces atomic maps and lists as a whole', () => {
    const live = applyTo(undefined, configuration({ selector: { matchLabels: { a: '1' } } }));
    const error = failureOf(() =>
      applyTo(live, configuration({ selector: { matchLabels: { b: '1' } } }), { manager: 'b' }),
    );
    expect(error.details?.causes?.[0]?.field).toBe('.spec.selector');
    expect(applyTo(live, configuration({ selector: { matchLabels: { b: '1' } } }))['spec']).toEqual({
      selector: { matchLabels: { b: '1' } },
    });
  });

  it('adds to sets what each manager wants', () => {
    const live = applyTo(undefined, configuration({}, { finalizers: ['x/a'] }));
    const both = applyTo(live, configuration({}, { finalizers: ['x/b'] }), { manager: 'b' });
    expect(both.metadata.finalizers).toEqual(['x/a', 'x/b']);
    expect(applyTo(both, configuration({ paused: true })).metadata.finalizers).toEqual(['x/b']);
  });

  it('keeps an empty list, which is owned where it is an entry and not where it is a field', () => {
    const names: Schema = { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } };
    const spec: Schema = {
      type: 'object',
      properties: { field: names, entries: { type: 'object', additionalProperties: names } },
    };
    const schema: Schema = { ...deploymentSchema, properties: { ...deploymentSchema.properties, spec } };
    const empty = { field: [], entries: { a: [] } };
    // Who updates owns the list itself; kubectl takes that for its own when it goes over to applying.
    const written = configuration(empty, {
      managedFields: [
        {
          manager: 'a',
          operation: 'Apply',
          apiVersion: 'apps/v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:spec': { 'f:field': {}, 'f:entries': { 'f:a': {} } } },
        },
      ],
    });
    const live = applyTo(written, configuration(empty), { schema });
    expect(live['spec']).toEqual(empty);
    expect(owners(live)['Apply a']).toEqual({ 'f:spec': { 'f:entries': { 'f:a': {} } } });
    expect(applyTo(live, configuration(empty), { schema })).toBe(live);
    expect(applyTo(live, configuration({ field: [] }), { schema })['spec']).toEqual({ field: [] });
  });

  it('puts items in its own order, and keeps others between them', () => {
    const live = updated(applyTo(undefined, configuration({})), {
      spec: containers({ name: 'a' }, { name: 'x' }, { name: 'b' }),
    });
    const object = applyTo(live, configuration(containers({ name: 'b' }, { name: 'a' })));
    expect(object['spec']).toEqual(containers({ name: 'b' }, { name: 'x' }, { name: 'a' }));
  });

  it('tells items apart by all keys, with their defaults', () => {
    const ports = (...items: object[]) => configuration(containers({ name: 'c', ports: items }));
    const live = applyTo(undefined, ports({ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }));
    const object = applyTo(live, ports({ containerPort: 53, protocol: 'TCP', name: 'dns' }));
    expect(object['spec']).toEqual(
      containers({ name: 'c', ports: [{ containerPort: 53, protocol: 'TCP', name: 'dns' }] }),
    );
  });

  it('of a subresource is another manager, and does not own what the endpoint resets', () => {
    const status = { ...configuration({ replicas: 1 }), status: { replicas: 1 } };
    const main = applyTo(undefined, status, { resetFields: setOf(['f:status']) });
    expect(owners(main)).toEqual({ 'Apply a': { 'f:spec': { 'f:replicas': {} } } });
    const both = applyTo(main, status, { subresource: 'status', resetFields: setOf(['f:spec'], ['f:metadata']) });
    expect(both.metadata.managedFields?.map((each) => [each.subresource, each.fieldsV1])).toEqual([
      [undefined, { 'f:spec': { 'f:replicas': {} } }],
      ['status', { 'f:status': { 'f:replicas': {} } }],
    ]);
  });

  it('gives fields of an untracked object to before-first-apply', () => {
    const live = configuration({ replicas: 3 });
    const error = failureOf(() => applyTo(live, configuration({ replicas: 1 })));
    expect(error.message).toContain('conflict with "before-first-apply" using apps/v1: .spec.replicas');
  });

  it('refuses managedFields', () => {
    const error = failureOf(() => applyTo(undefined, configuration({}, { managedFields: [] })));
    expect([error.code, error.message]).toEqual([400, 'metadata.managedFields must be nil']);
  });

  it('never owns what identifies the object', () => {
    const bare: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...name, uid: '1', resourceVersion: '2' },
    };
    expect(applyTo(undefined, bare).metadata.managedFields).toBeUndefined();
  });
});
