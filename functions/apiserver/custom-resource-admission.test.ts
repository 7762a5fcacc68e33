// Custom resources are judged by their schema and rules once mutating admission had its say, as in Kubernetes; not before.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const admission = '/apis/admissionregistration.k8s.io/v1';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const text = { type: 'string' };
const schema = {
  type: 'object',
  'x-kubernetes-validations': [{ rule: "self.metadata.name != 'refused'", message: 'another name, please' }],
  properties: {
    status: { type: 'object', properties: { phase: text, count: { type: 'integer' } } },
    spec: {
      type: 'object',
      required: ['size'],
      'x-kubernetes-validations': [{ rule: "!has(self.note) || self.note != 'bad'", message: 'no bad notes' }],
      properties: {
        size: { type: 'integer', maximum: 9 },
        count: { type: 'integer' },
        note: { ...text, pattern: '^[a-z]+$' },
        choice: { type: 'object', properties: { a: text, b: text }, oneOf: [{ required: ['a'] }, { required: ['b'] }] },
      },
    },
  },
};
const scale = { specReplicasPath: '.spec.count', statusReplicasPath: '.status.count' };
const widget = (name: string, spec: object, more: object = {}) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec,
  ...more,
});

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  const version = { ...servedVersion('v1', true, schema), subresources: { status: {}, scale } };
  await t.post(crds, customResourceDefinition({ versions: [version] }));
  await vi.waitFor(async () => expect((await t.get(widgets)).status).toBe(200), { timeout: 60_000 });
  const matchConditions = [{ name: 'named', expression: "object.metadata.name.startsWith('filled')" }];
  const resourceRules = [
    { apiGroups: ['example.com'], apiVersions: ['*'], operations: ['CREATE', 'UPDATE'], resources: ['widgets'] },
  ];
  const expression = 'Object{spec: Object.spec{size: 3}}';
  const mutations = [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }];
  const spec = { matchConstraints: { resourceRules }, matchConditions, mutations, reinvocationPolicy: 'Never' };
  await t.post(`${admission}/mutatingadmissionpolicies`, { metadata: { name: 'p' }, spec });
  await t.post(`${admission}/mutatingadmissionpolicybindings`, { metadata: { name: 'b' }, spec: { policyName: 'p' } });
  for (const each of ['policies', 'policybindings'])
    await (await t.replicas.of(`admissionregistration.k8s.io/mutatingadmission${each}`)).catchUp();
});

afterAll(() => t.close());

const notRun =
  '<nil>: Invalid value: "null": some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

describe('a custom resource', () => {
  it.each([
    ['lacks what is required', 'filled-a', {}],
    ['has a value of another type', 'filled-b', { size: 'x' }],
    ['has a value that is too large', 'filled-c', { size: 100 }],
  ])('that %s is taken where mutating admission mends it', async (_, name, spec) => {
    const made = await t.post(widgets, widget(name, spec));
    expect(made).toMatchObject({ status: 201, body: { spec: { size: 3 } } });
  });

  it.each<[object, readonly string[]]>([
    [{}, ['spec.size: Required value', notRun]],
    [
      { note: 'B' },
      [
        'spec.note: Invalid value: "B": spec.note in body should match \'^[a-z]+$\'',
        'spec.size: Required value',
        notRun,
      ],
    ],
    [
      { size: 'x' },
      ['spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"', notRun],
    ],
    [
      { size: 10, note: 'bad' },
      [
        'spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9',
        '<nil>: Invalid value: "object": another name, please',
        'spec: Invalid value: "object": no bad notes',
      ],
    ],
    [
      { size: 1, choice: {} },
      [
        '<nil>: Invalid value: "": "spec.choice" must validate one and only one schema (oneOf). Found none valid',
        'spec.choice.a: Required value',
        notRun,
      ],
    ],
  ])('of %j is refused with all that is wrong, and with what was not looked at', async (spec, expected) => {
    const { status, body } = await t.post(widgets, widget('refused', spec));
    expect(status).toBe(422);
    expect(body.details.causes.map(({ field, message }: Record<string, string>) => `${field}: ${message}`)).toEqual(
      expected,
    );
  });

  it('whose metadata cannot be read is refused at once', async () => {
    const wrong = { ...widget('filled-d', {}), metadata: { name: 'filled-d', labels: { a: 1 } } };
    expect(await t.post(widgets, wrong)).toMatchObject({
      status: 400,
      body: {
        message:
          'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
      },
    });
  });

  it('gets its status whatever is sent beside it, which is not looked at', async () => {
    await t.post(widgets, widget('s', { size: 1 }));
    const { body } = await t.get(`${widgets}/s`);
    const sent = { ...body, spec: { size: 'none', note: 'B' }, status: { phase: 'Ready' } };
    expect(await t.put(`${widgets}/s/status`, sent)).toMatchObject({
      status: 200,
      body: { spec: { size: 1 }, status: { phase: 'Ready' } },
    });
  });

  it('has a scale once its replicas are said', async () => {
    await t.post(widgets, widget('c', { size: 1 }));
    const [url, merge] = [`${widgets}/c/scale`, 'application/merge-patch+json'];
    expect(await t.get(url)).toMatchObject({
      status: 500,
      body: { message: 'Internal error occurred: the spec replicas field ".spec.count" does not exist' },
    });
    expect(await t.patch(url, merge, { metadata: { labels: { a: 'b' } } })).toMatchObject({
      status: 400,
      body: { message: 'the spec replicas field ".spec.count" cannot be empty' },
    });
    expect(await t.patch(url, merge, { spec: { replicas: 2 } })).toMatchObject({ status: 200 });
    expect(await t.get(url)).toMatchObject({ status: 200, body: { spec: { replicas: 2 } } });
  });

  it('keeps what it had when its branches became stricter, for as long as that does not change', async () => {
    const crd = `${crds}/widgets.example.com`;
    const { body } = await t.get(crd);
    const [version] = body.spec.versions;
    const { oneOf, ...loose } = version.schema.openAPIV3Schema.properties.spec.properties.choice;
    version.schema.openAPIV3Schema.properties.spec.properties.choice = loose;
    expect((await t.put(crd, body)).status).toBe(200);
    await vi.waitFor(
      async () => expect((await t.post(widgets, widget('loose', { size: 1, choice: {} }))).status).not.toBe(422),
      { timeout: 60_000 },
    );
    const next = (await t.get(crd)).body;
    next.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.choice = { ...loose, oneOf };
    expect((await t.put(crd, next)).status).toBe(200);
    await vi.waitFor(
      async () => expect((await t.post(widgets, widget('strict', { size: 1, choice: {} }))).status).toBe(422),
      { timeout: 60_000 },
    );
    const merge = 'application/merge-patch+json';
    expect(await t.patch(`${widgets}/loose`, merge, { spec: { size: 2 } })).toMatchObject({ status: 200 });
    expect(await t.patch(`${widgets}/loose`, merge, { spec: { choice: { a: '1', b: '2' } } })).toMatchObject({
      status: 422,
    });
  });
});
