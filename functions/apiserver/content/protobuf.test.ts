import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { customDefinitions } from '../../../core/api/custom.ts';
import { decodeProtobuf } from '../../../core/api/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../../../core/api/protobuf/encode-protobuf.ts';
import { WireReader } from '../../../core/api/protobuf/wire-reader.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const metadataOnly = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const maps = '/api/v1/namespaces/default/configmaps';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  t.definitions.setCustom(
    'widgets.example.com',
    customDefinitions({
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    }),
  );
});

afterAll(() => t.close());

/** One request with protobuf both ways; the body of the answer is decoded by its type. */
async function send(method: string, target: string, object?: object, accept = `${protobuf},application/json`) {
  const request = t.request(method, target, { headers: { accept, ...(object && { 'content-type': protobuf }) } });
  const response = await t.api.handle(object ? { ...request, body: encodeProtobuf(object) } : request);
  const { body } = response;
  if (!(body instanceof Uint8Array)) throw new Error('a stream');
  const type = response.headers['content-type'];
  return {
    status: response.status,
    type,
    body: type === protobuf ? decodeProtobuf(body) : JSON.parse(String(Buffer.from(body))),
  };
}

describe('protobuf over HTTP', () => {
  it('is taken and given for every kind of request', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { a: 'b' } };
    const created = await send('POST', maps, object);
    expect(created).toMatchObject({
      status: 201,
      type: protobuf,
      body: { ...object, metadata: { name: 'one', namespace: 'default' } },
    });
    const changed = await send('PUT', `${maps}/one`, { ...created.body, data: { a: 'c' } });
    expect(changed).toMatchObject({ status: 200, type: protobuf, body: { data: { a: 'c' } } });
    expect((await t.get(`${maps}/one`)).body).toEqual((await send('GET', `${maps}/one`)).body);
    const list = await send('GET', maps);
    expect(list).toMatchObject({ type: protobuf, body: { kind: 'ConfigMapList', items: [{ data: { a: 'c' } }] } });
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'another' } };
    expect(await send('DELETE', `${maps}/one`, options)).toMatchObject({
      status: 409,
      type: protobuf,
      body: { kind: 'Status', reason: 'Conflict', code: 409 },
    });
    expect(await send('DELETE', `${maps}/one`, { ...options, preconditions: {} })).toMatchObject({
      status: 200,
      body: { kind: 'Status', status: 'Success' },
    });
  });

  it('has only metadata where only that is asked for, of custom resources too', async () => {
    await t.post(maps, { metadata: { name: 'meta' }, data: { a: 'b' } });
    const accept = `${protobuf};${metadataOnly},application/json;${metadataOnly},application/json`;
    const one = await send('GET', `${maps}/meta`, undefined, accept);
    expect(one).toMatchObject({ type: protobuf, body: { kind: 'PartialObjectMetadata', metadata: { name: 'meta' } } });
    expect(one.body.data).toBeUndefined();
    await t.post(widgets, { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } });
    expect(await send('GET', widgets, undefined, accept)).toMatchObject({
      type: protobuf,
      body: { kind: 'PartialObjectMetadataList', items: [{ metadata: { name: 'w' } }] },
    });
    await t.remove(`${maps}/meta`);
    await t.remove(`${widgets}/w`);
  });

  it('gives way to what the client takes next for custom resources and tables, and is refused where there is nothing', async () => {
    const table = 'application/json;as=Table;g=meta.k8s.io;v=v1';
    expect(await send('GET', widgets)).toMatchObject({
      status: 200,
      type: 'application/json',
      body: { kind: 'WidgetList' },
    });
    expect(await send('GET', widgets, undefined, protobuf)).toMatchObject({
      status: 406,
      body: { reason: 'NotAcceptable' },
    });
    expect(await send('GET', widgets, undefined, `${protobuf},${table}`)).toMatchObject({ body: { kind: 'Table' } });
    const tables = `${protobuf};as=Table;g=meta.k8s.io;v=v1,${table}`;
    expect(await send('GET', maps, undefined, tables)).toMatchObject({
      type: 'application/json',
      body: { kind: 'Table' },
    });
    expect(await send('GET', maps, undefined, `application/json,${protobuf}`)).toMatchObject({
      type: 'application/json',
    });
    expect(await send('GET', maps, undefined, `application/json;q=0.5,${protobuf}`)).toMatchObject({ type: protobuf });
  });

  it('is refused where the body is no protobuf, or is of another kind than the path takes', async () => {
    const broken = t.request('POST', maps, { body: '{}', headers: { 'content-type': protobuf } });
    expect((await t.api.handle(broken)).status).toBe(400);
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    expect(await send('POST', maps, secret)).toMatchObject({ status: 400, body: { reason: 'BadRequest' } });
  });

  it('frames the events of a watch, with bookmarks, initial events and metadata alone', async () => {
    await t.post(maps, { metadata: { name: 'before' }, data: { a: 'b' } });
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const frames = await openFrames(`${maps}?${query}`, `${protobuf};stream=watch`);
    expect(frames.type).toBe(`${protobuf};stream=watch`);
    expect(await frames.next()).toMatchObject({ type: 'ADDED', object: { kind: 'ConfigMap', data: { a: 'b' } } });
    expect(await frames.next()).toMatchObject({
      type: 'BOOKMARK',
      object: { kind: 'ConfigMap', metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
    });
    await t.remove(`${maps}/before`);
    expect(await frames.next()).toMatchObject({ type: 'DELETED', object: { metadata: { name: 'before' } } });
    await frames.stop();

    const partial = await openFrames(`${maps}?watch=1&resourceVersion=0`, `${protobuf};${metadataOnly}`);
    await t.post(maps, { metadata: { name: 'after' }, data: { a: 'b' } });
    const added = await partial.next();
    expect(added).toMatchObject({
      type: 'ADDED',
      object: { kind: 'PartialObjectMetadata', metadata: { name: 'after' } },
    });
    await partial.stop();
    await t.remove(`${maps}/after`);
  });
});

/** The events of a watch in protobuf, one at a time. */
async function openFrames(target: string, accept: string) {
  const response = await t.api.handle(t.request('GET', target, { headers: { accept } }));
  if (response.body === undefined || response.body instanceof Uint8Array) throw new Error('no stream');
  const chunks = response.body[Symbol.asyncIterator]();
  let buffered = Buffer.alloc(0);
  return {
    type: response.headers['content-type'],
    async next() {
      while (buffered.length < 4 || buffered.length < 4 + buffered.readUInt32BE(0)) {
        const { done, value } = await chunks.next();
        if (done) throw new Error('the watch has ended');
        buffered = Buffer.concat([buffered, value]);
      }
      const end = 4 + buffered.readUInt32BE(0);
      const frame = buffered.subarray(4, end);
      buffered = buffered.subarray(end);
      return readEvent(frame);
    },
    async stop() {
      await chunks.return?.();
    },
  };
}

/** WatchEvent: the type is field 1, the object field 2, whose bytes are field 1 of that. */
function readEvent(frame: Uint8Array) {
  let type = '';
  let object: Record<string, unknown> = {};
  const reader = new WireReader(frame);
  reader.fields((field) => {
    if (field === 1) type = reader.string();
    else
      reader.message(() => {
        object = decodeProtobuf(reader.bytes());
      });
  });
  return { type, object };
}
