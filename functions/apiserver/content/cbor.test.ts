import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCbor } from '../../../core/api/cbor/decode-cbor.ts';
import { encodeCbor } from '../../../core/api/cbor/encode-cbor.ts';
import { customDefinitions } from '../../../core/api/custom.ts';
import { openTestApi, type TestApi } from '../testing/open-test-api.ts';

const cbor = 'application/cbor';
const maps = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const type = 'object';

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  const schema = {
    type,
    properties: {
      spec: {
        type,
        properties: { size: { type: 'integer' }, ratio: { type: 'number' }, raw: { type: 'string', format: 'byte' } },
      },
    },
  };
  t.definitions.setCustom(
    'widgets.example.com',
    customDefinitions({
      metadata: { name: 'widgets.example.com' },
      spec: {
        group: 'example.com',
        names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    }),
  );
});

afterAll(() => t.close());

/** One request with CBOR both ways. */
async function send(method: string, target: string, object?: unknown, sent = cbor, accept = cbor) {
  const request = t.request(method, target, {
    headers: { accept, ...(object !== undefined && { 'content-type': sent }) },
  });
  const bytes = object instanceof Uint8Array ? object : encodeCbor(object ?? null);
  const { status, headers, body } = await t.api.handle(object === undefined ? request : { ...request, body: bytes });
  if (!(body instanceof Uint8Array)) throw new Error('a stream');
  // Tests look into it freely.
  return {
    status,
    type: headers['content-type'],
    bytes: body,
    body: decodeCbor(body) as ReturnType<typeof JSON.parse>,
  };
}

describe('CBOR over HTTP', () => {
  it('is taken and given for every kind of request', async () => {
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'one' },
      data: { a: 'ü' },
      binaryData: { b: '/wA=' },
    };
    const created = await send('POST', maps, object);
    expect(created).toMatchObject({ status: 201, type: cbor, body: { ...object, metadata: { name: 'one' } } });
    expect(Buffer.from(created.bytes).subarray(0, 3).toString('hex')).toBe('d9d9f7');
    expect(await send('PUT', `${maps}/one`, { ...created.body, data: { a: 'c' } })).toMatchObject({
      status: 200,
      type: cbor,
      body: { data: { a: 'c' }, binaryData: { b: '/wA=' } },
    });
    expect((await t.get(`${maps}/one`)).body).toEqual((await send('GET', `${maps}/one`)).body);
    expect(await send('GET', maps)).toMatchObject({ body: { kind: 'ConfigMapList', items: [{ data: { a: 'c' } }] } });
    expect(await send('DELETE', `${maps}/one`, { preconditions: { uid: 'another' } })).toMatchObject({
      status: 409,
      type: cbor,
      body: { kind: 'Status', reason: 'Conflict' },
    });
    expect(await send('DELETE', `${maps}/one`, {})).toMatchObject({ status: 200, body: { status: 'Success' } });
  });

  it('carries data as bytes or as base64, text or byte string', async () => {
    // {"metadata":{"name":"s"},"data":{"raw":22(h'010203'),"text":"AQID","bytes":'AQID'}}
    const head = `a2${'686d65746164617461'}a1${'646e616d65'}${'6173'}${'6464617461'}`;
    const data = `a3${'63726177'}d643010203${'6474657874'}6441514944${'656279746573'}4441514944`;
    const made = await send('POST', secrets, Buffer.from(head + data, 'hex'));
    expect(made).toMatchObject({ status: 201, body: { data: { raw: 'AQID', text: 'AQID', bytes: 'AQID' } } });
    expect(Buffer.from(made.bytes).toString('hex')).toContain('43726177d643010203');
    await t.remove(`${secrets}/s`);
  });

  it('applies configurations, of custom resources too, with whole numbers as integers', async () => {
    const widget = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w' },
      spec: { size: 3, ratio: 0.5, raw: 'AQID' },
    };
    const target = `${widgets}/w?fieldManager=me`;
    const applied = await send('PATCH', target, widget, 'application/apply-patch+cbor');
    expect(applied).toMatchObject({ status: 201, type: cbor, body: { spec: widget.spec } });
    expect(Buffer.from(applied.bytes).toString('hex')).toContain(`${Buffer.from('size').toString('hex')}03`);
    expect(await send('GET', widgets)).toMatchObject({ body: { kind: 'WidgetList', items: [{ spec: { size: 3 } }] } });
    expect(await send('PATCH', target, widget, 'application/merge-patch+cbor')).toMatchObject({ status: 415 });
    expect((await t.patch(target, 'application/apply-patch+cbor', '{}')).status).toBe(400);
    await t.remove(`${widgets}/w`);
  });

  it('gives tables, metadata alone, and what a client takes instead of protobuf', async () => {
    await t.post(widgets, { metadata: { name: 'w' } });
    const as = (kind: string) => `${cbor};as=${kind};g=meta.k8s.io;v=v1`;
    expect(await send('GET', widgets, undefined, cbor, as('Table'))).toMatchObject({
      type: cbor,
      body: { kind: 'Table', rows: [{ object: { metadata: { name: 'w' } } }] },
    });
    expect(await send('GET', widgets, undefined, cbor, as('PartialObjectMetadataList'))).toMatchObject({
      body: { kind: 'PartialObjectMetadataList' },
    });
    const protobuf = 'application/vnd.kubernetes.protobuf';
    expect(await send('GET', widgets, undefined, cbor, `${protobuf},${cbor}`)).toMatchObject({ type: cbor });
    expect((await t.get(widgets, { headers: { accept: `application/json,${cbor}` } })).headers['content-type']).toBe(
      'application/json',
    );
    await t.remove(`${widgets}/w`);
  });

  it('is a sequence for a watch, with bookmarks and initial events', async () => {
    await t.post(maps, { metadata: { name: 'before' }, data: { a: 'b' } });
    const query = 'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const { headers, body } = await t.api.handle(t.request('GET', `${maps}?${query}`, { headers: { accept: cbor } }));
    expect(headers['content-type']).toBe('application/cbor-seq');
    if (body === undefined || body instanceof Uint8Array) throw new Error('no stream');
    const chunks = body[Symbol.asyncIterator]();
    const read = async () => itemsOf((await chunks.next()).value);
    expect(await read()).toMatchObject([
      { type: 'ADDED', object: { kind: 'ConfigMap', data: { a: 'b' } } },
      { type: 'BOOKMARK', object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } } },
    ]);
    await t.remove(`${maps}/before`);
    expect(await read()).toMatchObject([{ type: 'DELETED', object: { metadata: { name: 'before' } } }]);
    await chunks.return?.();
  });

  it('is refused with a Status where it is broken, whatever the bytes', async () => {
    const answers = async (bytes: Uint8Array) => {
      for (const [method, target, sent] of [
        ['POST', `${maps}?dryRun=All`, cbor],
        ['PATCH', `${maps}/x?dryRun=All&fieldManager=me`, 'application/apply-patch+cbor'],
        ['DELETE', `${maps}/none`, cbor],
      ] as const) {
        const { status, body } = await send(method, target, bytes, sent);
        expect(status).toBeLessThan(500);
        if (status >= 400) expect(body).toMatchObject({ kind: 'Status', code: status });
      }
    };
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 40 }), answers), { numRuns: 150 });
    const json = fc.record(
      {
        apiVersion: fc.constantFrom('v1', ''),
        kind: fc.constantFrom('ConfigMap', ''),
        metadata: fc.oneof(fc.record({ name: fc.constantFrom('x', '') }), fc.jsonValue()),
        data: fc.oneof(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 })), fc.jsonValue()),
        binaryData: fc.dictionary(fc.string(), fc.string()),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(json, (object) => answers(encodeCbor(JSON.parse(JSON.stringify(object))))),
      { numRuns: 150 },
    );
  });
});

/** The items of a sequence: each begins with the self-described tag, which stands nowhere else in these. */
function itemsOf(chunk: unknown): unknown[] {
  if (!(chunk instanceof Uint8Array)) throw new Error('the watch has ended');
  const hex = Buffer.from(chunk).toString('hex');
  return hex
    .split('d9d9f7')
    .slice(1)
    .map((each) => decodeCbor(Buffer.from(each, 'hex')));
}
