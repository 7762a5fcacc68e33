import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
});

const configMaps = '/api/v1/namespaces/default/configmaps';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

async function makeConfigMap(name: string, more: object = {}) {
  return t.post(configMaps, { metadata: { name }, data: { key: 'value' }, ...more });
}

describe('writes', () => {
  it('create, read, update, patch and delete an object', async () => {
    const made = await makeConfigMap('a');
    expect(made.status).toBe(201);
    const read = await t.get(`${configMaps}/a`);
    expect(read).toMatchObject({
      status: 200,
      body: { kind: 'ConfigMap', metadata: { name: 'a' }, data: { key: 'value' } },
    });
    const updated = await t.put(`${configMaps}/a`, { ...read.body, data: { key: 'other' } });
    expect(updated).toMatchObject({ status: 200, body: { data: { key: 'other' } } });
    const patched = await t.patch(`${configMaps}/a`, 'application/merge-patch+json', { data: { more: '1' } });
    expect(patched).toMatchObject({ status: 200, body: { data: { key: 'other', more: '1' } } });
    const removed = await t.remove(`${configMaps}/a`);
    expect(removed).toMatchObject({
      status: 200,
      body: { kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } },
    });
    expect(await t.get(`${configMaps}/a`)).toMatchObject({ status: 404, body: { reason: 'NotFound', code: 404 } });
  });

  it('answer a lost race with Conflict', async () => {
    const { body } = await makeConfigMap('a');
    await t.put(`${configMaps}/a`, { ...body, data: { key: '1' } });
    expect(await t.put(`${configMaps}/a`, { ...body, data: { key: '2' } })).toMatchObject({
      status: 409,
      body: { reason: 'Conflict' },
    });
  });

  it('take YAML, and answer in it', async () => {
    const answer = await t.post(configMaps, 'metadata: {name: in-yaml}\ndata: {a: "yes"}\n', {
      headers: { 'content-type': 'application/yaml', accept: 'application/yaml' },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/yaml');
    expect(answer.text).toMatch(/^kind: ConfigMap$/m);
  });

  it('apply, which needs a field manager', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s, namespace: default}\ndata: {a: b}\n';
    const type = 'application/apply-patch+yaml';
    expect(await t.patch(`${configMaps}/s`, type, body)).toMatchObject({ status: 422, body: { reason: 'Invalid' } });
    expect(await t.patch(`${configMaps}/s?fieldManager=me`, type, body)).toMatchObject({ status: 201 });
    expect(await t.patch(`${configMaps}/s?fieldManager=me`, type, body)).toMatchObject({ status: 200 });
  });

  it('change nothing in a dry run', async () => {
    expect(await t.post(`${configMaps}?dryRun=All`, { metadata: { name: 'd' } })).toMatchObject({ status: 201 });
    expect(await t.get(`${configMaps}/d`)).toMatchObject({ status: 404 });
    expect(await t.post(`${configMaps}?dryRun=some`, { metadata: { name: 'd' } })).toMatchObject({ status: 422 });
  });

  it('delete a collection by selector', async () => {
    await makeConfigMap('a', { metadata: { name: 'a', labels: { x: '1' } } });
    await makeConfigMap('b');
    const removed = await t.remove(`${configMaps}?labelSelector=x%3D1`);
    expect(removed.body).toMatchObject({ kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] });
    expect((await t.get(configMaps)).body.items).toHaveLength(1);
  });
});

describe('bodies', () => {
  it('are refused when they are not what the path takes', async () => {
    expect(await t.post(configMaps, '{')).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
    expect(await t.post(configMaps, { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'a' } })).toMatchObject({
      status: 400,
    });
    expect(await t.post(configMaps, 'x', { headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 415 });
    expect(await t.patch(`${configMaps}/a`, 'application/json', {})).toMatchObject({ status: 415 });
    expect(
      await t.post(configMaps, { metadata: { name: 'a' }, data: { big: 'x'.repeat(3 * 1024 * 1024) } }),
    ).toMatchObject({ status: 413 });
  });

  it('that name a field twice bring a warning, or a refusal when asked to be strict', async () => {
    const body = '{"metadata":{"name":"dup"},"data":{"a":"1","a":"2"}}';
    const warned = await t.post(configMaps, body);
    expect(warned.status).toBe(201);
    expect(warned.headers['warning']).toEqual(['299 - "duplicate field \\"data.a\\""']);
    const strict = await t.post(`${configMaps}?fieldValidation=Strict`, body.replace('dup', 'dup2'));
    expect(strict).toMatchObject({ status: 400 });
    expect(strict.body.message).toContain('duplicate field "data.a"');
  });

  it('are told of their strict errors as these stand there, in built-in kinds', async () => {
    const body =
      '{"x":1,"metadata":{"name":"s","y":1},"data":{"a":"1","a":"2"},"metadata":{"name":"s"},"z":{"b":1,"b":2}}';
    const strict = await t.post(`${configMaps}?fieldValidation=Strict`, body);
    expect(strict.body.message).toContain(
      'strict decoding error: unknown field "x", duplicate field "data.a", duplicate field "metadata", unknown field "z"',
    );
  });
});

describe('reads', () => {
  it('warn of a deprecated type', async () => {
    const { headers } = await t.get('/api/v1/namespaces/default/endpoints');
    expect(headers['warning']).toEqual([
      '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"',
    ]);
    expect((await t.get(configMaps)).headers['warning']).toBeUndefined();
  });

  it('show a scale, and a status, as Tables of their own', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { replicas: 3, selector: { matchLabels: { a: 'b' } }, template };
    await t.post('/apis/apps/v1/namespaces/default/deployments', { metadata: { name: 'd' }, spec });
    const table = async (subresource: string) => {
      const path = `/apis/apps/v1/namespaces/default/deployments/d/${subresource}`;
      const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const { body } = await t.get(path, { headers: { accept } });
      const names = body.columnDefinitions.filter((each: { priority: number }) => each.priority === 0);
      return [names.map(({ name }: { name: string }) => name), body.rows[0].cells.slice(0, 3)];
    };
    expect(await table('scale')).toEqual([
      ['Name', 'Desired', 'Available', 'Age'],
      ['d', 3, 0],
    ]);
    expect(await table('status')).toEqual([
      ['Name', 'Ready', 'Up-to-date', 'Available', 'Age'],
      ['d', '0/3', 0],
    ]);
  });

  it('list stored bytes in a list of the resource', async () => {
    await makeConfigMap('a');
    await makeConfigMap('b');
    const { body, headers } = await t.get('/api/v1/configmaps');
    expect(body).toMatchObject({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
    });
    expect(body.metadata.resourceVersion).toBe('2');
    expect(headers['audit-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('page through a list at one revision', async () => {
    for (const name of ['a', 'b', 'c']) await makeConfigMap(name);
    const first = (await t.get(`${configMaps}?limit=2`)).body;
    expect(first.items).toHaveLength(2);
    const token = encodeURIComponent(first.metadata.continue);
    const second = (await t.get(`${configMaps}?limit=2&continue=${token}`)).body;
    expect(second.items.map((each: { metadata: { name: string } }) => each.metadata.name)).toEqual(['c']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('answer in Tables and in metadata alone', async () => {
    await makeConfigMap('a');
    const { body } = await t.get(configMaps, { headers: { accept: table } });
    expect(body.kind).toBe('Table');
    expect(body.columnDefinitions[0].name).toBe('Name');
    expect(body.rows[0]).toMatchObject({
      cells: ['a', 1, expect.anything()],
      object: { kind: 'PartialObjectMetadata' },
    });
    const partial = await t.get(`${configMaps}/a`, {
      headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
    });
    expect(partial.body).toMatchObject({
      kind: 'PartialObjectMetadata',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { name: 'a' },
    });
    expect(partial.body.data).toBeUndefined();
  });

  it('refuse what cannot be served', async () => {
    expect(await t.get(configMaps, { headers: { accept: 'application/xml' } })).toMatchObject({ status: 406 });
    expect(await t.get(`${configMaps}?limit=x`)).toMatchObject({ status: 400 });
    expect(await t.get('/api/v1/nothings')).toMatchObject({ status: 404 });
    expect(await t.put(configMaps, {})).toMatchObject({ status: 405 });
    expect(await t.get('/apis/nowhere')).toMatchObject({ status: 404 });
  });

  it('compress large answers for clients that take gzip', async () => {
    await makeConfigMap('big', { data: { text: 'x'.repeat(200_000) } });
    const response = await t.api.handle(
      t.request('GET', `${configMaps}/big`, { headers: { 'accept-encoding': 'gzip' } }),
    );
    expect(response.headers['content-encoding']).toBe('gzip');
    expect(response.body).toHaveProperty(
      'length',
      expect.toSatisfy((length: number) => length < 10_000),
    );
  });
});

describe('bodies of another kind', () => {
  const apply = 'application/apply-patch+yaml';
  it.each([
    [
      { kind: 'Secret' },
      'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    ],
    [
      { apiVersion: 'v2' },
      'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    ],
    [
      { data: { a: 1 } },
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
  ])('are refused in the words of Kubernetes: %j', async (fields, message) => {
    expect(await t.post(configMaps, { metadata: { name: 'k' }, ...fields })).toMatchObject({
      status: 400,
      body: { message },
    });
  });

  it('are refused in what is applied, as is the identity of what is not there', async () => {
    const url = `${configMaps}/k?fieldManager=me`;
    const body = { apiVersion: 'v2', kind: 'ConfigMap', metadata: { name: 'k' } };
    expect(await t.patch(url, apply, body)).toMatchObject({
      status: 400,
      body: { message: 'invalid object type: /v2, Kind=ConfigMap' },
    });
    const uid = '00000000-0000-0000-0000-000000000000';
    expect(await t.patch(url, apply, { ...body, apiVersion: 'v1', metadata: { name: 'k', uid } })).toMatchObject({
      status: 409,
      body: {
        message: expect.stringContaining(
          `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
        ),
      },
    });
  });
});

describe('deletes', () => {
  it.each([
    [
      { propagationPolicy: 'Foo' },
      'propagationPolicy: Unsupported value: "Foo": supported values: "Foreground", "Background", "Orphan", "nil"',
    ],
    [
      { propagationPolicy: 'Orphan', orphanDependents: true },
      'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ],
    [{ dryRun: ['Some'] }, 'dryRun: Unsupported value: ["Some"]: supported values: "All"'],
  ])('refuse %j', async (options, message) => {
    expect(await t.remove(`${configMaps}/a`, { body: options })).toMatchObject({
      status: 422,
      body: { message: `DeleteOptions.meta.k8s.io "" is invalid: ${message}` },
    });
  });
});

describe('watches', () => {
  it('tell what happens after the list, once and in order', async () => {
    await makeConfigMap('a');
    const { resourceVersion } = (await t.get(configMaps)).body.metadata;
    const watch = await t.watch(`${configMaps}?watch=1&resourceVersion=${resourceVersion}`);
    await makeConfigMap('b');
    await t.patch(`${configMaps}/b`, 'application/merge-patch+json', { data: { x: 'y' } });
    await t.remove(`${configMaps}/b`);
    for (const type of ['ADDED', 'MODIFIED', 'DELETED'])
      expect(await watch.next()).toMatchObject({ type, object: { metadata: { name: 'b' } } });
    await watch.stop();
    expect(await watch.next()).toBeUndefined();
  });

  it('are not what a list can ask for', async () => {
    expect(await t.get(`${configMaps}?sendInitialEvents=true`)).toMatchObject({
      status: 422,
      body: { details: { causes: [{ field: 'sendInitialEvents', reason: 'FieldValueForbidden' }] } },
    });
  });

  it('send the state first where it is asked for, and mark its end', async () => {
    await makeConfigMap('a');
    const watch = await t.watch(
      `${configMaps}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`,
    );
    expect(await watch.next()).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
    expect(await watch.next()).toMatchObject({
      type: 'BOOKMARK',
      object: {
        kind: 'ConfigMap',
        metadata: { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } },
      },
    });
    await watch.stop();
  });

  it('end after their time with a bookmark', async () => {
    const watch = await t.watch(`${configMaps}?watch=1&resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=1`);
    expect(await watch.next()).toMatchObject({ type: 'BOOKMARK' });
    expect(await watch.next()).toBeUndefined();
  });

  it('come as Tables', async () => {
    await makeConfigMap('a');
    const watch = await t.watch(`${configMaps}?watch=1`, { headers: { accept: table } });
    expect(await watch.next()).toMatchObject({
      type: 'ADDED',
      object: { kind: 'Table', rows: [{ cells: ['a', 1, expect.anything()] }] },
    });
    await watch.stop();
  });
});

describe('what is no resource', () => {
  it('has a version', async () => {
    expect((await t.get('/version')).body).toMatchObject({ major: '1', minor: '36' });
  });

  it('has documents of OpenAPI by their hash, and shows the way from one that is no more', async () => {
    const { body } = await t.get('/openapi/v3');
    const url: string = body.paths['apis/apps/v1'].serverRelativeURL;
    const now = await t.get(url);
    expect(now).toMatchObject({ status: 200, headers: { 'cache-control': 'public, immutable, max-age=31536000' } });
    const gone = await t.get(url.replace(/=.*/, '=0'));
    expect(gone).toMatchObject({ status: 301, headers: { location: url, vary: 'Accept' } });
    const core: string = body.paths['api/v1'].serverRelativeURL;
    expect((await t.get('/openapi/v3/api/v1?hash=0')).headers['location']).toBe(core);
    expect((await t.get('/openapi/v3/api/v1?hash=')).status).toBe(200);
  });

  it('has discovery, which a client that knows it need not load again', async () => {
    const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const first = await t.get('/apis', { headers: { accept: aggregated } });
    expect(first.body.kind).toBe('APIGroupDiscoveryList');
    const again = await t.api.handle(
      t.request('GET', '/apis', { headers: { accept: aggregated, 'if-none-match': String(first.headers['etag']) } }),
    );
    expect(again).toMatchObject({ status: 304 });
    expect((await t.get('/api/v1')).body.resources.map((each: { name: string }) => each.name)).toContain('pods/status');
    expect((await t.get('/apis/apps/v1')).body.groupVersion).toBe('apps/v1');
  });
});
