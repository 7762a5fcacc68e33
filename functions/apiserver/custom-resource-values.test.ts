// Values within custom resources: embedded objects, and what becomes of null when it is applied.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const text = { type: 'string' };
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const embedded = { ...open, 'x-kubernetes-embedded-resource': true };
const spec = {
  type: 'object',
  properties: {
    kept: { ...text, nullable: true, default: 'd' },
    dropped: text,
    filled: { ...text, default: 'z' },
    free: { ...open, properties: { known: text } },
    names: { type: 'object', additionalProperties: { ...text, nullable: true } },
    one: embedded,
    many: { type: 'array', items: embedded },
    named: { type: 'object', additionalProperties: embedded },
  },
};

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post(
    crds,
    customResourceDefinition({ versions: [servedVersion('v1', true, { type: 'object', properties: { spec } })] }),
  );
  await vi.waitFor(async () => expect((await t.get(widgets)).status).toBe(200), { timeout: 60_000 });
});

afterAll(() => t.close());

const widget = (name: string, fields: object) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec: fields,
});
const apply = (name: string, fields: object, manager = 'a') =>
  t.patch(`${widgets}/${name}?fieldManager=${manager}`, 'application/apply-patch+yaml', widget(name, fields));

describe('an embedded object', () => {
  const config = { apiVersion: 'v1', kind: 'ConfigMap' };
  it.each<[object, readonly unknown[]]>([
    [{ one: { ...config, metadata: { name: 'A b', labels: { a: 'b' } } } }, []],
    [{ one: { ...config, metadata: { finalizers: ['plain'] } } }, []],
    [{ one: {} }, ['spec.one.apiVersion: Required value', 'spec.one.kind: Required value']],
    [{ one: { apiVersion: '', kind: '' } }, ['spec.one.apiVersion: Required value', 'spec.one.kind: Required value']],
    [
      { one: { apiVersion: 'a/b/c', kind: '1' } },
      [
        'spec.one.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
        expect.stringContaining(
          'spec.one.kind: Invalid value: "1": may have mixed case, but should otherwise match: a DNS-1035 label must',
        ),
      ],
    ],
    [
      { many: [config, { ...config, metadata: { name: 'a/b', namespace: 'A', labels: { a: '-' } } }] },
      [
        `spec.many[1].metadata.name: Invalid value: "a/b": may not contain '/'`,
        expect.stringContaining('spec.many[1].metadata.namespace: Invalid value: "A": a lowercase RFC 1123 label'),
        expect.stringContaining('spec.many[1].metadata.labels: Invalid value: "-": a valid label must'),
      ],
    ],
    [
      {
        named: {
          x: { ...config, metadata: { ownerReferences: [{ apiVersion: '', kind: 'K', name: 'n', uid: 'u' }] } },
        },
      },
      ['spec.named[x].metadata.ownerReferences[0].apiVersion: Invalid value: "": version must not be empty'],
    ],
  ])('%j: %j', async (fields, expected) => {
    const { status, body } = await t.post(`${widgets}?dryRun=All`, widget('e', fields));
    const causes: { field: string; message: string }[] = body.details?.causes ?? [];
    expect(causes.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
    expect(status).toBe(expected.length === 0 ? 201 : 422);
  });

  it('whose parts have other types is refused as well', async () => {
    for (const one of [
      { ...config, metadata: 'x' },
      { ...config, kind: 1 },
      { ...config, metadata: { labels: { a: 1 } } },
    ])
      expect((await t.post(`${widgets}?dryRun=All`, widget('e', { one }))).status).toBe(422);
  });
});

describe('null in an applied configuration', () => {
  const nulls = {
    kept: null,
    dropped: null,
    filled: null,
    free: { known: null, a: null, b: { c: null } },
    names: { x: null },
  };
  const stored = { kept: null, filled: 'z', free: { a: null, b: { c: null } }, names: { x: null } };

  it('stays where the schema takes it or says nothing, as in an object that is created', async () => {
    expect((await t.post(widgets, widget('made', nulls))).body.spec).toEqual(stored);
    expect((await apply('new', nulls)).body.spec).toEqual(stored);
  });

  it('takes the place of a value, and goes with its owner', async () => {
    await apply('over', { free: { a: 1, b: { c: 2, d: 3 } } });
    expect((await apply('over', nulls)).body.spec).toEqual(stored);
    expect((await apply('over', { dropped: 'x' })).body.spec).toEqual({ kept: 'd', filled: 'z', dropped: 'x' });
  });

  it('conflicts with whoever set a value there', async () => {
    await apply('two', { free: { a: 1 } }, 'other');
    expect(await apply('two', { free: { a: null } })).toMatchObject({
      status: 409,
      body: { details: { causes: [{ field: '.spec.free.a' }] } },
    });
  });

  it('conflicts with a default that belongs to who made the object without it, as kubectl sends no null client-side', async () => {
    // kubectl keeps nulls in the annotation, and not in what it creates: the object got the default in place of the null.
    const { spec: fields, ...rest } = widget('client-side', { kept: null });
    const annotation = JSON.stringify({ ...rest, spec: fields });
    const made = {
      ...rest,
      metadata: { ...rest.metadata, annotations: { 'kubectl.kubernetes.io/last-applied-configuration': annotation } },
      spec: {},
    };
    await t.post(`${widgets}?fieldManager=kubectl-client-side-apply`, made);
    expect(await apply('client-side', { kept: null }, 'kubectl')).toMatchObject({
      status: 409,
      body: { details: { causes: [{ field: '.spec.kept' }] } },
    });
    // What is as it was applied is kubectl's.
    expect((await apply('client-side', { kept: 'd' }, 'kubectl')).status).toBe(200);
  });
});
