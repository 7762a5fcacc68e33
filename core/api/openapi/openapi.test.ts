import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, it } from 'vitest';
import { customDefinitions } from '../custom.ts';
import { loadDefinitions } from '../definitions.ts';
import { customResourceDefinition, servedVersion } from '../testing/custom-resource-definition.ts';
import { openApiOf } from './openapi.ts';

const definitions = loadDefinitions();
const spec = { type: 'object', oneOf: [{ required: ['a'] }], properties: { a: { type: 'string' } } };
const version = servedVersion('v1', true, { type: 'object', properties: { spec } });
definitions.setCustom('widgets.example.com', customDefinitions(customResourceDefinition({ versions: [version] })));
const openApi = openApiOf(definitions, { version: 'v1.36.0' });
const read = (json: Uint8Array | undefined) => JSON.parse(Buffer.from(json ?? []).toString());
const v3 = async (group: string, version: string) => read(await (await openApi.v3(group, version))?.json());
const v2 = async () => read(await (await openApi.v2()).json());

/** Every reference in a document that leads nowhere. */
function dangling(document: unknown, prefix: string, known: object): string[] {
  const found = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === '$ref' && typeof each === 'string' && !(each.slice(prefix.length) in known)) found.add(each);
      else visit(each);
    }
  };
  visit(document);
  return [...found];
}

describe('OpenAPI v3', () => {
  it('has the zero values that Kubernetes publishes, which no write stores', async () => {
    const { schemas } = (await v3('', 'v1')).components;
    const defaultOf = (model: string, field: string) =>
      schemas[`io.k8s.api.core.v1.${model}`].properties[field].default;
    const named = [
      'LocalObjectReference',
      'SecretKeySelector',
      'ConfigMapKeySelector',
      'SecretEnvSource',
      'ConfigMapEnvSource',
    ];
    for (const model of [...named, 'SecretProjection', 'ConfigMapProjection', 'ConfigMapVolumeSource', 'Container'])
      expect(defaultOf(model, 'name'), model).toBe('');
    expect(defaultOf('SecretKeySelector', 'key')).toBe('');
    expect(defaultOf('ContainerPort', 'containerPort')).toBe(0);
    expect(defaultOf('ContainerPort', 'protocol')).toBe('TCP');
    // Optional ones, pointers and what is no text in Go have none.
    expect([defaultOf('ContainerPort', 'name'), defaultOf('SecretVolumeSource', 'secretName')]).toEqual([
      undefined,
      undefined,
    ]);
    expect(defaultOf('Event', 'involvedObject')).toBeUndefined();
    const ingress = (await v3('networking.k8s.io', 'v1')).components.schemas;
    const { pathType } = ingress['io.k8s.api.networking.v1.HTTPIngressPath'].properties;
    expect([pathType.type, pathType.default]).toEqual(['string', undefined]);
    const reference = definitions.find('', 'v1', 'pods')?.schema.properties?.['spec']?.properties?.['imagePullSecrets'];
    expect(reference?.items?.properties?.['name']?.default).toBeUndefined();
  });

  it('has a document for every group version, each with a hash, and no reference that leads nowhere', async () => {
    const { paths } = JSON.parse(await openApi.index());
    expect(Object.keys(paths)).toContain('apis/example.com/v1');
    for (const [key, { serverRelativeURL }] of Object.entries<{ serverRelativeURL: string }>(paths)) {
      const [, group = '', version = ''] = /^(?:api|apis\/([^/]+))\/(\w+)$/.exec(key)!;
      const document = await v3(group, version);
      expect(serverRelativeURL).toBe(`/openapi/v3/${key}?hash=${(await openApi.v3(group, version))?.hash}`);
      expect(dangling(document, '#/components/schemas/', document.components.schemas), key).toEqual([]);
      const ids = Object.values<Record<string, { operationId: string }>>(document.paths)
        .flatMap((path) => Object.values(path))
        .map((operation) => operation.operationId);
      expect(new Set(ids).size, key).toBe(ids.length);
    }
  });

  it.each([
    ['', '/namespaces/{namespace}/pods', 'get', 'listCoreV1NamespacedPod', [200], 'PodList'],
    ['', '/pods', 'get', 'listCoreV1PodForAllNamespaces', [200], 'PodList'],
    ['', '/namespaces/{namespace}/pods', 'post', 'createCoreV1NamespacedPod', [200, 201, 202], 'Pod'],
    ['', '/namespaces/{namespace}/pods', 'delete', 'deleteCoreV1CollectionNamespacedPod', [200], 'Status'],
    ['', '/namespaces/{namespace}/pods/{name}', 'put', 'replaceCoreV1NamespacedPod', [200, 201], 'Pod'],
    ['', '/namespaces/{namespace}/pods/{name}', 'patch', 'patchCoreV1NamespacedPod', [200, 201], 'Pod'],
    ['', '/namespaces/{namespace}/pods/{name}', 'delete', 'deleteCoreV1NamespacedPod', [200, 202], 'Pod'],
    ['', '/namespaces/{namespace}/pods/{name}/log', 'get', 'readCoreV1NamespacedPodLog', [200], undefined],
    ['', '/namespaces/{namespace}/pods/{name}/exec', 'post', 'connectCoreV1PostNamespacedPodExec', [200], undefined],
    [
      '',
      '/namespaces/{namespace}/pods/{name}/eviction',
      'post',
      'createCoreV1NamespacedPodEviction',
      [200, 201, 202],
      'Eviction',
    ],
    ['', '/namespaces/{namespace}/secrets/{name}', 'delete', 'deleteCoreV1NamespacedSecret', [200, 202], 'Status'],
    ['resource.k8s.io', '/deviceclasses/{name}', 'delete', 'deleteResourceV1DeviceClass', [200, 202], 'DeviceClass'],
    [
      'rbac.authorization.k8s.io',
      '/clusterroles',
      'post',
      'createRbacAuthorizationV1ClusterRole',
      [200, 201, 202],
      'ClusterRole',
    ],
  ])(
    'has of %s %s %s the name and the answers that Kubernetes publishes',
    async (group, path, method, id, codes, model) => {
      const { paths } = await v3(group, 'v1');
      const { operationId, responses } = paths[`${group ? `/apis/${group}` : '/api'}/v1${path}`][method];
      expect(operationId).toBe(id);
      expect(Object.keys(responses).map(Number)).toEqual([...codes, 401]);
      for (const code of codes) {
        const { $ref } = responses[code].content['application/json']?.schema ?? {};
        expect($ref?.split('.').at(-1)).toBe(model);
      }
      const v2Responses = (await v2()).paths[`${group ? `/apis/${group}` : '/api'}/v1${path}`][method].responses;
      expect(Object.keys(v2Responses).map(Number)).toEqual([...codes, 401]);
    },
  );

  it('says of a pod what appliers and patchers need', async () => {
    const { components, paths } = await v3('', 'v1');
    expect(components.schemas['io.k8s.api.core.v1.Pod']['x-kubernetes-group-version-kind']).toEqual([
      { group: '', version: 'v1', kind: 'Pod' },
    ]);
    expect(components.schemas['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({
      type: 'array',
      items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-patch-merge-key': 'name',
      'x-kubernetes-patch-strategy': 'merge',
    });
    const patch = paths['/api/v1/namespaces/{namespace}/pods/{name}'].patch;
    const parameters = patch.parameters.map((each: { name: string }) => each.name);
    expect(parameters).toEqual(expect.arrayContaining(['dryRun', 'fieldManager', 'fieldValidation', 'force']));
    expect(Object.keys(patch.requestBody.content)).toContain('application/apply-patch+yaml');
  });

  it('names a custom resource by its group, and keeps its schema', async () => {
    const { components } = await v3('example.com', 'v1');
    expect(components.schemas['com.example.v1.Widget']).toMatchObject({
      properties: {
        metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
        spec: { oneOf: [{ required: ['a'] }] },
      },
      'x-kubernetes-group-version-kind': [{ group: 'example.com', version: 'v1', kind: 'Widget' }],
    });
  });

  it('offers no strategic merge patch of a custom resource, which kubectl apply would send then', async () => {
    const { paths } = await v3('example.com', 'v1');
    const content = paths['/apis/example.com/v1/namespaces/{namespace}/widgets/{name}'].patch.requestBody.content;
    expect(Object.keys(content)).toEqual([
      'application/apply-patch+cbor',
      'application/apply-patch+yaml',
      'application/json-patch+json',
      'application/merge-patch+json',
    ]);
  });

  it('does not know what is not served', async () => {
    expect(await openApi.v3('example.com', 'v2')).toBeUndefined();
  });
});

describe('OpenAPI v2', () => {
  it('has no defaults, as Kubernetes leaves them out', async () => {
    const { definitions: models } = await v2();
    const { protocol, name } = models['io.k8s.api.core.v1.ContainerPort'].properties;
    expect([protocol.default, name.default]).toEqual([undefined, undefined]);
    // A field may be called so.
    expect(models['io.k8s.api.core.v1.LimitRangeItem'].properties.default.type).toBe('object');
  });

  it('has no reference that leads nowhere, and no keyword that version 2 lacks', async () => {
    const document = await v2();
    expect(dangling(document, '#/definitions/', document.definitions)).toEqual([]);
    expect(document.definitions['com.example.v1.Widget'].properties.spec).not.toHaveProperty('oneOf');
  });

  it('carries the same definitions in protobuf', async () => {
    const document = await v2();
    const reader = new BinaryReader(await (await openApi.v2()).protobuf());
    const names: string[] = [];
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field !== 9) {
        reader.skip(type);
        continue;
      }
      const inner = new BinaryReader(reader.bytes());
      while (inner.pos < inner.len) {
        inner.tag();
        const pair = new BinaryReader(inner.bytes());
        pair.tag();
        names.push(pair.string());
      }
    }
    expect(names).toEqual(Object.keys(document.definitions));
  });
});

it('writes anew what changed, and nothing else', async () => {
  let reads = 0;
  const define = (name: string, of: string) =>
    customDefinitions(
      customResourceDefinition({
        group: `${name}.example.com`,
        versions: [servedVersion('v1', true, { type: 'object', properties: { [of]: { type: 'string' } } })],
      }),
    );
  const watched = define('watched', 'a').map((each) => {
    const schema = { ...each.schema };
    const properties = schema.properties;
    const get = () => {
      reads++;
      return properties;
    };
    Object.defineProperty(schema, 'properties', { enumerable: true, get });
    return { ...each, schema };
  });
  const set = loadDefinitions();
  set.setCustom('watched', watched);
  set.setCustom('other', define('other', 'before'));
  const api = openApiOf(set, { version: 'v1' });
  const all = async () => {
    const document = await api.v2();
    return { hash: document.hash, models: read(await document.json()).definitions };
  };
  const first = await all();
  const readOnce = reads;
  expect(readOnce).toBeGreaterThan(0);
  set.setCustom('other', define('other', 'after'));
  const second = await all();
  expect(reads).toBe(readOnce);
  expect(second.hash).not.toBe(first.hash);
  const fieldsOf = ({ models }: typeof first, name: string) =>
    Object.keys(models[`com.example.${name}.v1.Widget`].properties);
  expect(fieldsOf(first, 'other')).toContain('before');
  expect(fieldsOf(second, 'other')).toContain('after');
  expect(fieldsOf(second, 'watched')).toContain('a');
  set.removeCustom('watched');
  expect(Object.keys((await all()).models)).not.toContain('com.example.watched.v1.Widget');
});

it('makes a document once for all who ask for it at the same time, and of what was served then', async () => {
  const set = loadDefinitions();
  const api = openApiOf(set, { version: 'v1' });
  const [before, same] = [await api.v2(), await api.v2()];
  const [json, again] = [before.json(), same.json()];
  set.setCustom('widgets.example.com', customDefinitions(customResourceDefinition({ versions: [version] })));
  const after = await api.v2();
  expect(await json).toBe(await again);
  expect(after.hash).not.toBe(before.hash);
  expect(Object.keys(read(await json).definitions)).not.toContain('com.example.v1.Widget');
  expect(Object.keys(read(await after.json()).definitions)).toContain('com.example.v1.Widget');
});
