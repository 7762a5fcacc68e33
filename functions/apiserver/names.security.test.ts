// Names from users that lead out of data (`__proto__`, `constructor`) change nothing that other requests see.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../core/machinery/object.ts';
import { applyDefaults } from '../../core/machinery/structure/apply-defaults.ts';
import { scaleOf, setReplicas } from '../../core/registry/scale.ts';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const inheritedByAll = names();

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.namespace('kube-system');
  await t.post('/api/v1/namespaces/kube-system/secrets', { metadata: { name: 'crown' }, stringData: { k: 'v' } });
});

afterEach(async () => {
  await t.close();
  expect(names()).toEqual(inheritedByAll);
});

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const stranger = { as: { name: 'mallory', groups: ['system:authenticated'] } } as const;

describe('who may write definitions and custom resources', () => {
  it.each([
    ['.spec.__proto__.resources', '.status.replicas'],
    ['.spec.constructor.prototype.resources', '.status.replicas'],
    [".spec['__proto__'].resources", '.status.replicas'],
    [".spec['constructor']['prototype'].verbs", '.status.replicas'],
    ['.spec.\\__proto__.x', '.status.replicas'],
    ['.spec.replicas', '.status.__proto__.x'],
    ['.spec.replicas', '.status.constructor.name'],
  ])('is refused a scale at %s and %s, by the name of the field', async (specReplicasPath, statusReplicasPath) => {
    const scale = { specReplicasPath, statusReplicasPath };
    const { status, body } = await t.post(crds, crd({ subresources: { scale } }));
    tried('paths of definitions that lead out of data');
    expect({ status, causes: body.details?.causes?.length }).toEqual({ status: 422, causes: 1 });
    const field = specReplicasPath === '.spec.replicas' ? 'statusReplicasPath' : 'specReplicasPath';
    expect(body.details.causes[0].field).toBe(`spec.subresources.scale.${field}`);
    expect(body.message).toMatch(/must not go through a field named (?:__proto__|constructor)/);
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'is refused a label selector or a field selector by %s',
    async (name) => {
      const scale = {
        specReplicasPath: '.spec.r',
        statusReplicasPath: '.status.r',
        labelSelectorPath: `.status.${name}.x`,
      };
      expect(await t.post(crds, crd({ subresources: { scale } }))).toMatchObject({ status: 422 });
      const named = schema(JSON.parse(`{"${name}": {"type": "string"}}`));
      const { status, body } = await t.post(
        crds,
        crd({ schema: named, selectableFields: [{ jsonPath: `.spec.${name}` }] }),
      );
      tried('paths of definitions that lead out of data', 2);
      expect({ status, field: body.details?.causes?.[0].field }).toEqual({
        status: 422,
        field: 'spec.selectableFields[0].jsonPath',
      });
    },
  );

  it.each([
    '{"__proto__": {"type": "object", "default": {"a": 1}, "properties": {"a": {"type": "integer"}}}}',
    '{"__proto__": {"type": "object", "properties": {"resources": {"type": "array", "items": {"type": "string"}, "default": ["*"]}}}}',
    '{"constructor": {"type": "object", "properties": {"prototype": {"type": "object", "properties": {"resources": {"type": "string", "default": "*"}}}}}}',
    '{"constructor": {"type": "string", "default": "x"}}',
  ])('is refused a default in %s', async (properties) => {
    const { status, body } = await t.post(crds, crd({ schema: schema(JSON.parse(properties)) }));
    tried('defaults of definitions that lead out of data');
    expect(status).toBe(422);
    expect(body.details.causes[0].field).toMatch(
      /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\..*\.default$/,
    );
    expect(body.message).toMatch(/must not be set at or below a field named (?:__proto__|constructor)/);
  });

  it('opens no rule of RBAC by what it writes', async () => {
    const secret = '/api/v1/namespaces/kube-system/secrets/crown';
    const binding = { kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io', name: 'health' };
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    // A rule without resources or groups of its own would inherit them.
    const rule = { verbs: ['get'], nonResourceURLs: ['/healthz'] };
    await t.post(`${rbac}/clusterroles`, { metadata: { name: 'health' }, rules: [rule] });
    const subject = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'mallory' };
    await t.post(`${rbac}/clusterrolebindings`, { metadata: { name: 'h' }, roleRef: binding, subjects: [subject] });
    expect(await t.get(secret, stranger)).toMatchObject({ status: 403 });

    const free = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    expect(await t.post(crds, crd({ schema: free, subresources: { scale, status: {} } }))).toMatchObject({
      status: 201,
    });
    await expect.poll(async () => (await t.get(widgets)).status).toBe(200);
    const evil = '{"resources": ["*"], "apiGroups": ["*"], "verbs": ["*"], "resourceNames": []}';
    const body = `{"metadata": {"name": "w", "labels": {"constructor": "x", "toString": "y"}}, "__proto__": ${evil},
      "constructor": {"prototype": ${evil}}, "spec": {"__proto__": ${evil}, "constructor": {"prototype": ${evil}}}}`;
    expect(await t.call('POST', widgets, { body })).toMatchObject({ status: 201 });
    const patches = [
      ['application/merge-patch+json', `{"spec": {"__proto__": ${evil}, "constructor": {"prototype": ${evil}}}}`],
      ['application/json-patch+json', `[{"op": "add", "path": "/spec/__proto__/resources", "value": ["*"]}]`],
      [
        'application/json-patch+json',
        `[{"op": "add", "path": "/spec/constructor/prototype/resources", "value": ["*"]}]`,
      ],
      ['application/json-patch+json', `[{"op": "copy", "from": "/spec/__proto__", "path": "/metadata/annotations"}]`],
    ] as const;
    for (const [type, patch] of patches) await t.patch(`${widgets}/w`, type, patch);
    const applied = `{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, ${body.slice(body.indexOf('"__proto__": {'))}`;
    await t.patch(`${widgets}/w?fieldManager=m&force=true`, 'application/apply-patch+yaml', applied);
    await t.patch(
      `${widgets}/w/scale`,
      'application/merge-patch+json',
      '{"spec": {"replicas": 3}, "__proto__": {"a": 1}}',
    );
    tried('writes of names that lead out of data', patches.length + 3);
    expect(await t.get(secret, stranger)).toMatchObject({ status: 403 });
    expect(names()).toEqual(inheritedByAll);
  });
});

describe('what is stored already', () => {
  it('sets and reads fields of the object alone', () => {
    const paths = [
      ['spec', '__proto__', 'resources'],
      ['spec', 'constructor', 'prototype', 'resources'],
      ['constructor', 'prototype', 'verbs'],
      ['toString', 'x'],
    ];
    for (const spec of paths) {
      const object: KubeObject = { metadata: {}, spec: {} };
      expect(scaleOf(object, { spec, status: spec })).toMatchObject({ spec: {}, status: { replicas: 0 } });
      setReplicas(object, { spec, status: spec }, 7);
      expect(scaleOf(object, { spec, status: spec })).toMatchObject({ spec: { replicas: 7 } });
      const [first = '', ...rest] = spec;
      const nested = rest.reduceRight((value, name) => `{"${name}":${value}}`, '7');
      expect(JSON.stringify({ ...object, metadata: undefined })).toContain(`"${first}":${nested}`);
    }
    tried('paths of definitions that lead out of data', paths.length);
  });

  it('gives defaults to the object alone', () => {
    const evil = '{"type": "object", "default": {}, "properties": {"resources": {"type": "string", "default": "*"}}}';
    const nested = `{"type": "object", "default": {}, "properties": {"prototype": ${evil}}}`;
    for (const [name, each] of [
      ['__proto__', evil],
      ['constructor', nested],
      ['toString', evil],
    ] as const) {
      const filled = {};
      applyDefaults(JSON.parse(`{"type": "object", "properties": {"${name}": ${each}}}`), filled);
      expect(Object.keys(filled)).toEqual([name]);
      expect(JSON.stringify(filled)).toContain('"resources":"*"');
    }
    tried('defaults of definitions that lead out of data', 3);
  });
});

function crd(version: object) {
  return {
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ name: 'v1', served: true, storage: true, schema: schema({}), ...version }],
    },
  };
}

function schema(properties: object) {
  return { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties } } } };
}

/** All that objects, lists, functions and texts inherit. */
function names(): string[] {
  const prototypes = { Object, Array, Function, String, Number, Boolean };
  return Object.entries(prototypes).flatMap(([name, { prototype }]) =>
    Reflect.ownKeys(prototype).map((key) => `${name} ${String(key)}`),
  );
}
