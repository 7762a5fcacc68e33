// Names that mean something to JavaScript are data on every route, as in Kubernetes: kept exactly, found when asked for, and never
// found where they were not set. What is sent is written by hand; what comes back is held against a Map, or as text.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tried } from '../../test/tools/tried.ts';
import { openKubectl } from './testing/open-kubectl.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf'];
/** Keys of labels and annotations begin with a letter. */
const labelNames = names.filter((name) => /^[a-z]/.test(name));
const before = inherited();

let t: TestApi;

beforeEach(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterEach(async () => {
  await t.close();
  expect(inherited()).toEqual(before);
});

const maps = '/api/v1/namespaces/default/configmaps';
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

/** A JSON object, by hand: object literals of JavaScript have a word of their own for one of the names. */
const json = (entries: Iterable<readonly [string, string]>) =>
  `{${[...entries].map(([name, value]) => `"${name}": ${value}`).join(', ')}}`;
const texts = (list: readonly string[], value = 'v') => json(list.map((name) => [name, `"${value}-${name}"`]));
const asMap = (object: unknown) => new Map(Object.entries(object ?? {}));
const all = new Map(names.map((name) => [name, `v-${name}`]));

const createMap = (body = `{"metadata": {"name": "m"}, "data": ${texts(names)}}`) => t.call('POST', maps, { body });

describe('names of data', () => {
  it('are read as they were written: get, list, watch, table, metadata, YAML', async () => {
    const watch = await t.watch(`${maps}?watch=true&fieldSelector=metadata.name=m`);
    const labels = texts(labelNames);
    const body = `{"metadata": {"name": "m", "labels": ${texts(labelNames).replaceAll('v-', '')}, "annotations": ${labels}}, "data": ${texts(names)}}`;
    expect((await createMap(body)).status).toBe(201);
    const annotations = new Map(labelNames.map((name) => [name, `v-${name}`]));
    const isWhole = (object: ReturnType<typeof JSON.parse>) => {
      expect(asMap(object.metadata.annotations)).toEqual(annotations);
      expect(asMap(object.metadata.labels)).toEqual(new Map(labelNames.map((name) => [name, name])));
      if (object.kind !== 'PartialObjectMetadata') expect(asMap(object.data)).toEqual(all);
    };
    isWhole((await t.get(`${maps}/m`)).body);
    isWhole((await t.get(`${maps}?fieldSelector=metadata.name=m`)).body.items[0]);
    isWhole((await watch.next())?.object);
    await watch.stop();
    const as = (kind: string) => ({ headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` } });
    isWhole((await t.get(`${maps}/m?includeObject=Object`, as('Table'))).body.rows[0].object);
    isWhole((await t.get(`${maps}/m`, as('PartialObjectMetadata'))).body);
    const yaml = await t.get(`${maps}/m`, { headers: { accept: 'application/yaml' } });
    for (const name of names) expect(yaml.text).toContain(`\n  ${name}: v-${name}\n`);
    for (const name of labelNames) {
      expect((await t.get(`${maps}?labelSelector=${name}=${name}`)).body.items).toHaveLength(1);
      expect((await t.get(`${maps}?labelSelector=${name}!=${name}`)).body.items).not.toContainEqual(
        expect.objectContaining({ metadata: expect.objectContaining({ name: 'm' }) }),
      );
      expect((await t.get(`${maps}?fieldSelector=${name}=x`)).status).toBe(400);
    }
    tried('names of JavaScript on routes of reading', names.length * 7);
  });

  it('are not found where nobody set them', async () => {
    expect((await createMap('{"metadata": {"name": "m"}, "data": {"a": "b"}}')).status).toBe(201);
    for (const name of labelNames) {
      expect((await t.get(`${maps}?labelSelector=${name}`)).body.items).toEqual([]);
      expect((await t.get(`${maps}?labelSelector=!${name}&fieldSelector=metadata.name=m`)).body.items).toHaveLength(1);
    }
    for (const name of names) {
      const test = [{ op: 'test', path: `/data/${name}`, value: 'x' }];
      expect((await t.patch(`${maps}/m`, 'application/json-patch+json', test)).status).toBe(422);
      for (const op of ['remove', 'replace'])
        expect(
          (await t.patch(`${maps}/m`, 'application/json-patch+json', [{ op, path: `/data/${name}`, value: 'x' }]))
            .status,
        ).toBe(422);
      expect((await t.get(`/api/v1/namespaces/default/${name}`)).status).toBe(404);
      expect((await t.get(`/apis/${name}/v1/${name}`)).status).toBe(404);
      expect((await t.get(`${maps}/m/${name}`)).status).toBe(404);
      expect((await t.call(name, maps)).status).toBeGreaterThanOrEqual(400);
    }
    tried('names of JavaScript that nobody set', names.length * 7 + labelNames.length * 2);
  });

  it.each(['application/merge-patch+json', 'application/strategic-merge-patch+json'])(
    'are patched by %s',
    async (type) => {
      await createMap('{"metadata": {"name": "m"}, "data": {"a": "b"}}');
      const expected = new Map([['a', 'b']]);
      for (const name of names) {
        const { body } = await t.patch(`${maps}/m`, type, `{"data": {"${name}": "1"}}`);
        expect(asMap(body.data)).toEqual(expected.set(name, '1'));
      }
      for (const name of names) {
        const { body } = await t.patch(`${maps}/m`, type, `{"data": {"${name}": null}}`);
        expected.delete(name);
        expect(asMap(body.data)).toEqual(expected);
      }
      tried('names of JavaScript in patches', names.length * 2);
    },
  );

  it('are patched by operations', async () => {
    await createMap('{"metadata": {"name": "m"}, "data": {"a": "b"}}');
    const expected = new Map([['a', 'b']]);
    const run = async (...operations: object[]) => {
      const { status, body } = await t.patch(`${maps}/m`, 'application/json-patch+json', operations);
      expect(status).toBe(200);
      expect(asMap(body.data)).toEqual(expected);
    };
    for (const name of names) {
      const path = `/data/${name}`;
      expected.set(name, 'x');
      await run({ op: 'add', path, value: 'x' }, { op: 'test', path, value: 'x' });
      expected.set(name, 'y').set('copied', 'y');
      await run({ op: 'replace', path, value: 'y' }, { op: 'copy', from: path, path: '/data/copied' });
      expected.delete('copied');
      await run({ op: 'move', from: '/data/copied', path }, { op: 'test', path, value: 'y' });
    }
    for (const name of names) {
      expected.delete(name);
      await run({ op: 'remove', path: `/data/${name}` });
    }
    tried('names of JavaScript in patches', names.length * 4);
  });

  it('have owners of their own', async () => {
    const apply = (manager: string, list: readonly string[]) =>
      t.patch(
        `${maps}/m?fieldManager=${manager}`,
        'application/apply-patch+yaml',
        `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata:\n${list.map((name) => `  ${name}: ${manager}\n`).join('')}`,
      );
    const [mine, theirs] = [names.filter((_, i) => i % 2 === 0), names.filter((_, i) => i % 2 === 1)];
    expect((await apply('me', mine)).status).toBe(201);
    const { body } = await apply('them', theirs);
    expect(asMap(body.data)).toEqual(
      new Map([...mine.map((n) => [n, 'me']), ...theirs.map((n) => [n, 'them'])] as [string, string][]),
    );
    const owned = Object.fromEntries(
      body.metadata.managedFields.map((each: ReturnType<typeof JSON.parse>) => [
        each.manager,
        Object.keys(each.fieldsV1['f:data']),
      ]),
    );
    expect(new Set(owned.me)).toEqual(new Set(mine.map((name) => `f:${name}`)));
    expect(new Set(owned.them)).toEqual(new Set(theirs.map((name) => `f:${name}`)));
    expect((await apply('them', mine)).status).toBe(409);
    // Who applies less gives up the rest.
    expect(asMap((await apply('me', [])).body.data)).toEqual(new Map(theirs.map((name) => [name, 'them'])));
    tried('names of JavaScript that are applied', names.length * 4);
  });

  it('pass through YAML, protobuf and CBOR', async () => {
    const yaml = `metadata: {name: from-yaml}\ndata:\n${names.map((name) => `  ${name}: v-${name}\n`).join('')}`;
    const sent = await t.call('POST', maps, { body: yaml, headers: { 'content-type': 'application/yaml' } });
    expect(sent.status, sent.text).toBe(201);
    expect(asMap(sent.body.data)).toEqual(all);

    const field = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.of(tag, bytes.length), bytes]);
    const text = (tag: number, value: string) => field(tag, Buffer.from(value));
    const entries = names.map((name) => field(0x12, Buffer.concat([text(0x0a, name), text(0x12, `v-${name}`)])));
    const object = Buffer.concat([field(0x0a, text(0x0a, 'p')), ...entries]);
    const raw = Buffer.concat([Buffer.of(0x12, 0x80 | (object.length & 0x7f), object.length >> 7), object]);
    const type = field(0x0a, Buffer.concat([text(0x0a, 'v1'), text(0x12, 'ConfigMap')]));
    const protobuf = 'application/vnd.kubernetes.protobuf';
    const create = (body: Buffer, contentType: string) =>
      t.api.handle({ ...t.request('POST', maps, { headers: { 'content-type': contentType } }), body });
    expect((await create(Buffer.concat([Buffer.from('k8s\0'), type, raw]), protobuf)).status).toBe(201);
    expect(asMap((await t.get(`${maps}/p`)).body.data)).toEqual(all);
    const { text: binary } = await t.get(`${maps}/p`, { headers: { accept: protobuf } });
    for (const [index, name] of names.entries()) expect(binary, name).toContain(entries[index]!.toString('utf8'));

    const string = (value: string) => Buffer.concat([Buffer.of(0x60 | value.length), Buffer.from(value)]);
    const longer = (value: string) =>
      value.length < 24 ? string(value) : Buffer.concat([Buffer.of(0x78, value.length), Buffer.from(value)]);
    const map = (pairs: readonly (readonly [string, Buffer])[]) =>
      Buffer.concat([Buffer.of(0xa0 | pairs.length), ...pairs.flatMap(([name, value]) => [string(name), value])]);
    const cbor = map([
      ['metadata', map([['name', string('c')]])],
      ['data', map(names.map((name) => [name, longer(`v-${name}`)]))],
    ]);
    expect((await create(cbor, 'application/cbor')).status).toBe(201);
    expect(asMap((await t.get(`${maps}/c`)).body.data)).toEqual(all);
    const { text: back } = await t.get(`${maps}/c`, { headers: { accept: 'application/cbor' } });
    for (const name of names) expect(back).toContain(name);
    tried('names of JavaScript in other encodings', names.length * 5);
  });

  it('are fields of custom resources: rules, columns, required fields, lists by key', async () => {
    const rules = names.map((name) => ({
      rule: `!('${name}' in self) || self['${name}'] != 'bad'`,
      message: `bad ${name}`,
    }));
    const map = { type: 'object', additionalProperties: { type: 'string' }, 'x-kubernetes-validations': rules };
    const fields = `{"type": "object", "properties": ${json(names.map((name) => [name, '{"type": "string"}']))}, "required": ${JSON.stringify(names)}}`;
    const properties = `{"map": ${JSON.stringify(map)}, "fields": ${fields}}`;
    const schema = `{"openAPIV3Schema": {"type": "object", "properties": {"spec": {"type": "object", "properties": ${properties}}}}}`;
    const columns = names.map((name) => ({ name, type: 'string', jsonPath: `.spec.map.${name}` }));
    const version = `{"name": "v1", "served": true, "storage": true, "schema": ${schema}, "additionalPrinterColumns": ${JSON.stringify(columns)}}`;
    const created = await t.call('POST', crds, {
      body: `{"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"}, "versions": [${version}]}}`,
    });
    expect(created.status, created.text).toBe(201);
    await expect.poll(async () => (await t.get(widgets)).status).toBe(200);
    const post = (name: string, spec: string) =>
      t.call('POST', widgets, {
        body: `{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "${name}"}, "spec": ${spec}}`,
      });
    const whole = await post('w', `{"map": ${texts(names)}, "fields": ${texts(names)}}`);
    expect(whole.status, whole.text).toBe(201);
    expect(asMap(whole.body.spec.map)).toEqual(all);
    expect(asMap(whole.body.spec.fields)).toEqual(all);
    const table = await t.get(`${widgets}/w`, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } });
    expect(table.body.rows[0].cells.slice(1)).toEqual([...all.values()]);
    for (const name of names) {
      const bad = await post('b', `{"map": {"${name}": "bad"}}`);
      expect(bad.status, bad.text).toBe(422);
      expect(bad.body.message).toContain(`bad ${name}`);
      const others = names.filter((each) => each !== name);
      const lacking = await post('l', `{"fields": ${texts(others)}}`);
      expect(lacking.body.details?.causes?.map(({ field }: { field: string }) => field)).toEqual([
        `spec.fields.${name}`,
        // The rules were not run.
        '<nil>',
      ]);
    }
    const none = await post('n', '{"map": {}}');
    expect(none.status).toBe(201);
    const cells = (await t.get(`${widgets}/n`, { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } }))
      .body.rows[0].cells;
    expect(cells.slice(1).filter((each: unknown) => each !== null && each !== '')).toEqual([]);
    tried('names of JavaScript in custom resources', names.length * 6);
  });

  it('are no entries of our own tables', async () => {
    for (const name of names) {
      const secret = await t.post('/api/v1/namespaces/default/secrets', {
        metadata: { generateName: 's-' },
        type: name,
      });
      expect(secret.status, name).toBe(201);
      const spec = { containers: [{ name: 'c', image: 'i' }] };
      const pod = (more: object) =>
        t.post('/api/v1/namespaces/default/pods?dryRun=All', {
          metadata: { generateName: 'p-' },
          spec: { ...spec, ...more },
        });
      expect((await pod({ priorityClassName: name })).status, name).toBe(403);
      const operator = { key: 'k', operator: name, values: ['v'] };
      const terms = [{ matchExpressions: [operator] }];
      const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
      expect((await pod({ affinity: { nodeAffinity } })).status, name).toBe(422);
      const volumes = [{ name: 'v', hostPath: { path: '/x', type: name } }];
      expect((await pod({ volumes })).status, name).toBe(422);
      const limited = {
        containers: [{ name: 'c', image: 'i', resources: JSON.parse(`{"limits": {"${name}": "1"}}`) }],
      };
      expect((await pod(limited)).status, name).toBe(422);
      const quota = JSON.parse(`{"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}, "scopes": ["${name}"]}}`);
      expect((await t.post('/api/v1/namespaces/default/resourcequotas', quota)).status, name).toBe(422);
      const metrics = [{ type: name }];
      const hpa = {
        metadata: { name: 'h' },
        spec: { maxReplicas: 1, scaleTargetRef: { kind: 'Deployment', name: 'd' }, metrics },
      };
      expect((await t.post('/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', hpa)).status, name).toBe(
        422,
      );
      const format = { type: 'string', format: name };
      const definition = { group: 'formats.test', scope: 'Cluster', names: { plural: 'formats', kind: 'Format' } };
      const root = { type: 'object', properties: { spec: { type: 'object', properties: { f: format } } } };
      const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: root } }];
      const crd = await t.post(`${crds}?dryRun=All`, {
        metadata: { name: 'formats.formats.test' },
        spec: { ...definition, versions },
      });
      expect(crd.status, crd.text).toBe(201);
    }
    tried('names of JavaScript for tables of ours', names.length * 8);
  });

  it('reach kubectl', async () => {
    await createMap();
    const { kubectl, close } = await openKubectl(t);
    const shown = JSON.parse(await kubectl('get', 'configmap', 'm', '-n', 'default', '-o', 'json'));
    expect(asMap(shown.data)).toEqual(all);
    expect(
      await kubectl('get', 'configmap', 'm', '-n', 'default', '-o', 'jsonpath={.data.__proto__} {.data.constructor}'),
    ).toBe('v-__proto__ v-constructor');
    await close();
    tried('names of JavaScript through kubectl', names.length + 2);
  });
});

function inherited(): string[] {
  return [Object, Array, Function, String, Number, Boolean].flatMap(({ name, prototype }) =>
    Reflect.ownKeys(prototype).map((key) => `${name} ${String(key)}`),
  );
}
