// One list, map or text of any kind as long as a request may carry it: the request is answered by what is wrong with it, or taken, and nobody else
// waits for it. Fields are drawn by chance, new ones with each seed; those that once held the thread are tried each time.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '../../core/machinery/schema.ts';
import { openTestApi, type TestApi } from '../../functions/apiserver/testing/open-test-api.ts';
import { fuzzRuns } from '../tools/fuzz-runs.ts';
import { longestTurn, slowness } from '../tools/longest-turn.ts';
import { tried } from '../tools/tried.ts';
import { type Json, type LargeField, large, largeFieldsOf, withLarge } from './large-fields.ts';
import { samples } from './samples.ts';

/** Of a turn, in processor time of an idle machine. What makes a message of thousands of names is allowed a little more than the watchdog's. */
const limitMs = 150;

interface Subject {
  readonly path: string;
  readonly object: Json;
  readonly schema: Schema;
  readonly fields: readonly LargeField[];
}

let t: TestApi;
const subjects: Subject[] = [];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('a');
  await t.post('/api/v1/namespaces/a/serviceaccounts', { metadata: { name: 'default' } });
  for (const { path, object } of samples) {
    const [, group = '', version = '', , resource = ''] =
      /^\/apis?\/(?:(.+)\/)?(v[0-9a-z]+)(\/namespaces\/a)?\/(.+)$/.exec(path) ?? [];
    const schema = t.definitions.find(group, version, resource)?.schema;
    if (!schema) throw new Error(`no schema of ${path}`);
    const json: Json = JSON.parse(JSON.stringify(object));
    subjects.push({ path, object: json, schema, fields: largeFieldsOf(schema) });
  }
});
afterAll(() => t.close());

async function attempt(method: string, path: string, body: unknown, type = 'application/json'): Promise<void> {
  const text = JSON.stringify(body);
  if (text.length > 3 * 1024 * 1024) return;
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && least > limitMs; round++) {
    const scale = slowness();
    let status = 0;
    const held = await longestTurn(async () => {
      ({ status } = await t.api.handle(t.request(method, path, { body: text, headers: { 'content-type': type } })));
    });
    expect(status, `${method} ${path} ${text.slice(0, 300)}`).toBeLessThan(500);
    least = Math.min(least, held / scale);
  }
  tried('lists, maps and texts as long as a request may carry them');
  expect(least, `${method} ${path} ${text.slice(0, 300)}`).toBeLessThan(limitMs);
}

describe('a field as large as a request may carry it', () => {
  it('holds up nobody, and is no failure of ours', { timeout: 900_000 }, async () => {
    const one = fc.record({
      subject: fc.nat(),
      field: fc.nat(),
      way: fc.constantFrom('create', 'apply'),
      text: fc.constantFrom('a', '1', '.', '*', ' ', 'a.', '{"', '[1,', '\\', '%41', 'é'),
      distinct: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ subject, field, way, text, distinct }) => {
        const { path, object, schema, fields } = subjects[subject % subjects.length] ?? expect.fail('no samples');
        const chosen = fields[field % fields.length];
        if (!chosen) return;
        const [, version = ''] = /^\/apis?\/(.+?)(?:\/namespaces\/a)?\/[a-z]+$/.exec(path) ?? [];
        const { model = '' } = schema;
        const whole = { apiVersion: version, kind: model.slice(model.lastIndexOf('.') + 1), ...object };
        const body = withLarge(whole, schema, chosen.way, large(chosen, text, distinct));
        if (way === 'create') return attempt('POST', `${path}?dryRun=All`, body);
        // What the path names, the body must too.
        const target = `${path}/x?fieldManager=f&force=true&dryRun=All`;
        await attempt('PATCH', target, withName(body, 'x'), 'application/apply-patch+yaml');
      }),
      { numRuns: fuzzRuns(40) },
    );
  });

  const many = <T>(length: number, make: (index: number) => T): T[] => Array.from({ length }, (_, i) => make(i));
  const map = <T>(length: number, make: (index: number) => [string, T]) => Object.fromEntries(many(length, make));
  const metadata = { name: 'x' };
  /** What once took seconds, minutes, or all memory, by what it is. */
  const found: Readonly<Record<string, readonly [path: string, body: object]>> = {
    'amounts that a LimitRange gives defaults of': [
      '/api/v1/namespaces/a/limitranges',
      { metadata, spec: { limits: [{ type: 'Container', max: map(50_000, (i) => [`example.com/d${i}`, `${i}`]) }] } },
    ],
    'wrong amounts of a LimitRange': [
      '/api/v1/namespaces/a/limitranges',
      { metadata, spec: { limits: [{ type: 'Container', max: map(58_000, (i) => [`*${i}/*`, '-0.5']) }] } },
    ],
    'topology keys of a driver': [
      '/apis/storage.k8s.io/v1/csinodes',
      { metadata, spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: many(58_000, (i) => `k${i}`) }] } },
    ],
    'wrong topology keys': [
      '/apis/storage.k8s.io/v1/csinodes',
      { metadata, spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: many(58_000, () => '*/*') }] } },
    ],
    'owners that each say that they control': [
      '/api/v1/namespaces/a/configmaps',
      {
        metadata: {
          ...metadata,
          ownerReferences: many(11_000, (i) => ({
            ...{ apiVersion: 'v1', kind: 'Pod', name: `p${i}`, uid: `u${i}`, controller: true },
          })),
        },
      },
    ],
    'wrong amounts of a quota': [
      '/api/v1/namespaces/a/resourcequotas',
      { metadata, spec: { hard: map(58_000, (i) => [`*${i}/*`, '-0.5']) } },
    ],
    'a hundred patterns, each nearly as large as it may be': [
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      defined({
        type: 'object',
        properties: map(100, (i) => [`p${i}`, { type: 'string', pattern: `${'a?'.repeat(2_450)}${i}` }]),
      }),
    ],
    'keys of a list that are no properties': ['/apis/apiextensions.k8s.io/v1/customresourcedefinitions', keyed({}, [])],
    'keys of a list that are all demanded': [
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      keyed(
        map(9_000, (i) => [`k${i}`, { type: 'string' }]),
        many(9_000, (i) => `k${8_999 - i}`),
      ),
    ],
    'wrong annotations': [
      '/api/v1/namespaces/a/configmaps',
      { metadata: { ...metadata, annotations: map(58_000, (i) => [`*${i}/*`, '']) } },
    ],
    'good resources of a container': [
      '/api/v1/namespaces/a/pods',
      {
        metadata,
        spec: {
          containers: [
            { name: 'a', image: 'i', resources: { limits: map(29_000, (i) => [`example.com/d${i}`, `${i}`]) } },
          ],
        },
      },
    ],
    'wrong resources of a container': [
      '/api/v1/namespaces/a/pods',
      {
        metadata,
        spec: {
          containers: [{ name: 'a', image: 'i', resources: { limits: map(58_000, (i) => [`*${i}/*`, '-0.5']) } }],
        },
      },
    ],
  };

  it.each(Object.keys(found))('%s', { timeout: 120_000 }, async (name) => {
    const [path = '', body] = found[name] ?? [];
    await attempt('POST', `${path}?dryRun=All`, body);
  });
});

/** A definition with a list that has ten thousands of keys. */
function keyed(properties: object, required: readonly string[]): object {
  const keys = Array.from({ length: required.length || 50_000 }, (_, i) => `k${i}`);
  const list = {
    ...{ type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys },
    items: { type: 'object', properties, required },
  };
  return defined({ type: 'object', properties: { list } });
}

function defined(openAPIV3Schema: object): object {
  return {
    metadata: { name: 'things.example.com' },
    spec: {
      ...{ group: 'example.com', scope: 'Namespaced', names: { plural: 'things', kind: 'Thing' } },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

function withName(body: Json, name: string): Json {
  return { ...body, metadata: { ...Object(body['metadata']), name } };
}
