import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from '../equality.ts';
import type { KubeObject } from '../object.ts';
import { deploymentSchema } from '../test-schema.ts';
import { apply } from './apply.ts';
import { fieldsOf } from './compare.ts';
import { difference, type FieldSet, isEmpty, union } from './field-set.ts';
import { trackUpdate } from './track.ts';

const word = fc.constantFrom('a', 'b', 'c');
const labels = fc.dictionary(word, word, { minKeys: 1, maxKeys: 3, noNullPrototype: true });
const optional = { requiredKeys: [] };

const container = fc.record(
  {
    name: word,
    image: word,
    command: fc.array(word, { maxLength: 2 }),
    resources: fc.record({ limits: labels }),
    ports: fc.uniqueArray(
      fc.record({ containerPort: fc.integer({ min: 1, max: 3 }), protocol: fc.constantFrom('TCP', 'UDP'), name: word }),
      { selector: ({ containerPort, protocol }) => `${containerPort}${protocol}`, minLength: 1, maxLength: 3 },
    ),
  },
  { requiredKeys: ['name'] },
);

const configuration: fc.Arbitrary<KubeObject> = fc
  .record(
    {
      labels,
      finalizers: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
      replicas: fc.nat(2),
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
      nodeSelector: labels,
    },
    optional,
  )
  .map(({ labels, finalizers, replicas, containers, nodeSelector }) => ({
    metadata: { name: 'web', ...(labels && { labels }), ...(finalizers && { finalizers }) },
    // Empty maps are members themselves only as long as they are empty, so they are left to the examples.
    ...((replicas !== undefined || containers || nodeSelector) && {
      spec: {
        ...(replicas !== undefined && { replicas }),
        ...((containers || nodeSelector) && {
          template: { spec: { ...(containers && { containers }), ...(nodeSelector && { nodeSelector }) } },
        }),
      },
    }),
  }));

function applied(live: KubeObject | undefined, object: KubeObject, manager: string): KubeObject {
  return apply({
    schema: deploymentSchema,
    live: live && deepFreeze(live),
    applied: deepFreeze(object),
    manager,
    apiVersion: 'apps/v1',
    force: true,
    time: '2026-01-01T00:00:00Z',
  });
}

function fieldsOfManager(object: KubeObject, manager: string): FieldSet {
  const entry = object.metadata.managedFields?.find((each) => each.manager === manager);
  return (entry?.fieldsV1 ?? {}) as FieldSet; // the server writes sets
}

function contains(outer: FieldSet, inner: FieldSet): boolean {
  return isEmpty(difference(inner, outer));
}

describe('forced applies of any configurations', () => {
  it('own exactly what they say, and the object has it all', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const object = applied(applied(undefined, first, 'x'), second, 'y');
        expect(fieldsOfManager(object, 'y')).toEqual(fieldsOf(deploymentSchema, second));
        expect(contains(fieldsOf(deploymentSchema, object), fieldsOf(deploymentSchema, second))).toBe(true);
        // Nobody owns a field that is not there.
        const owned = union(fieldsOfManager(object, 'x'), fieldsOfManager(object, 'y'));
        const there = fieldsOf(deploymentSchema, object);
        expect(contains(there, owned)).toBe(true);
      }),
    );
  });

  it('change nothing when repeated', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const object = applied(applied(undefined, first, 'x'), second, 'y');
        expect(applied(object, second, 'y')).toBe(object);
      }),
    );
  });

  it('of one manager leave what the last one says, and nothing else', () => {
    fc.assert(
      fc.property(configuration, configuration, (first, second) => {
        const object = applied(applied(undefined, first, 'x'), second, 'x');
        expect(fieldsOf(deploymentSchema, object)).toEqual(fieldsOf(deploymentSchema, second));
      }),
    );
  });

  it('leave alone what only another manager has', () => {
    fc.assert(
      fc.property(configuration, configuration, configuration, (first, second, third) => {
        const both = applied(applied(undefined, first, 'x'), second, 'y');
        const object = applied(both, third, 'y');
        const mine = difference(fieldsOfManager(both, 'x'), fieldsOf(deploymentSchema, third));
        expect(contains(fieldsOf(deploymentSchema, object), mine)).toBe(true);
      }),
    );
  });
});

describe('tracking of any update', () => {
  it('leaves every changed field with one owner, and removed ones with none', () => {
    fc.assert(
      fc.property(configuration, configuration, (before, after) => {
        const live = applied(undefined, before, 'x');
        const managedFields = trackUpdate({
          schema: deploymentSchema,
          live,
          object: after,
          manager: 'u',
          apiVersion: 'apps/v1',
          time: '2026-01-02T00:00:00Z',
        });
        const object = { ...after, metadata: { ...after.metadata, managedFields } };
        const there = fieldsOf(deploymentSchema, after);
        const kept = fieldsOfManager(object, 'x');
        expect(contains(there, kept)).toBe(true);
        // What nobody was recorded for stays untracked.
        if (live.metadata.managedFields) expect(contains(union(kept, fieldsOfManager(object, 'u')), there)).toBe(true);
      }),
    );
  });
});
