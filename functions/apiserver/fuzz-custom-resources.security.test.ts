// Any JSON under any structural schema: it is answered and never a failure of ours; what was taken is stored as it was answered, can be
// written once more without a change, in every encoding, and is taken from who applies it.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition, servedVersion } from '../../core/api/testing/custom-resource-definition.ts';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

type Node = Readonly<Record<string, unknown>>;

let t: TestApi;

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
});

afterAll(() => t.close());

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
/** Of what a definition names, whose defaults are refused under the names that all objects have. */
const propertyName = fc.constantFrom('a', 'b', 'c', 'name', 'kind', 'x-y');
const anyName = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'x-y', '');

/** Scalars, some with a default that they take. */
const scalar: fc.Arbitrary<Node> = fc.constantFrom<Node>(
  { type: 'string' },
  { type: 'string', default: 'd' },
  { type: 'string', maxLength: 3, minLength: 1 },
  { type: 'string', pattern: '^[a-z]+$' },
  { type: 'string', enum: ['a', 'b'] },
  { type: 'string', format: 'date-time' },
  { type: 'string', format: 'byte' },
  { type: 'integer', minimum: 0, maximum: 10 },
  { type: 'integer', format: 'int64', default: 1 },
  { type: 'number', multipleOf: 0.5 },
  { type: 'boolean', default: true },
  { 'x-kubernetes-int-or-string': true },
);

const keyed: Node = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['k'],
  items: {
    type: 'object',
    required: ['k'],
    properties: { k: { type: 'string' }, v: { type: 'integer', nullable: true } },
  },
};
const open: Node = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

function schemaOfDepth(depth: number): fc.Arbitrary<Node> {
  if (depth === 0) return scalar;
  const below = schemaOfDepth(depth - 1);
  const properties = fc.dictionary(propertyName, below, { minKeys: 1, maxKeys: 3 });
  const any = fc.oneof(
    scalar,
    properties.chain((of) =>
      fc.record({
        type: fc.constant('object'),
        properties: fc.constant(of),
        required: fc.subarray(Object.keys(of)),
        'x-kubernetes-preserve-unknown-fields': fc.constantFrom(true, undefined),
      }),
    ),
    below.map((additionalProperties) => ({ type: 'object', additionalProperties })),
    below.map((items) => ({ type: 'array', items, maxItems: 3 })),
    fc.constantFrom<Node>({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } }, keyed, open, {
      ...open,
      'x-kubernetes-embedded-resource': true,
    }),
  );
  return fc.tuple(any, fc.boolean()).map(([schema, nullable]) => (nullable ? { ...schema, nullable } : schema));
}

const json = fc.jsonValue({ maxDepth: 3 });

/** A value of a schema, mostly. */
function valueUnder(schema: Node): fc.Arbitrary<unknown> {
  const { properties, additionalProperties, items } = schema as {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly additionalProperties?: Node;
    readonly items?: Node;
  };
  const right = () => {
    if (schema['x-kubernetes-embedded-resource'])
      return fc.record({
        apiVersion: fc.constantFrom<unknown>('v1', 'a/b', 'a/b/c', '', null),
        kind: fc.constantFrom<unknown>('Pod', '1', '', {}),
        metadata: fc.oneof(json, fc.record({ name: fc.constantFrom('a', 'a/b'), labels: json }, { requiredKeys: [] })),
      });
    if (schema['x-kubernetes-int-or-string']) return fc.constantFrom<unknown>(1, '1', '50%');
    if (properties)
      return fc.record(Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valueUnder(each)])), {
        requiredKeys: [],
      });
    if (additionalProperties) return fc.dictionary(anyName, valueUnder(additionalProperties), { maxKeys: 3 });
    if (items) return fc.array(valueUnder(items), { maxLength: 4 });
    switch (schema['type']) {
      case 'string':
        return fc.constantFrom('a', 'b', '', 'abcd', 'YQ==', '2026-01-01T00:00:00Z', 'ü');
      case 'integer':
        return fc.constantFrom<unknown>(-1, 0, 1, 10, 11, 2 ** 53);
      case 'number':
        return fc.constantFrom(0.5, 1, -0.25, 1e300);
      case 'boolean':
        return fc.boolean();
      default:
        return json;
    }
  };
  return fc.oneof({ weight: 12, arbitrary: right() }, { weight: 1, arbitrary: json });
}

const widget = (spec: unknown) => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'w' },
  spec,
});

describe('any value under any structural schema', () => {
  it('is refused, or stored as it is answered, and survives what clients do with it', {
    timeout: 600_000,
  }, async () => {
    const run = schemaOfDepth(3).chain((spec) =>
      fc.record({ spec: fc.constant(spec), values: fc.array(valueUnder(spec), { minLength: 10, maxLength: 10 }) }),
    );
    await fc.assert(
      fc.asyncProperty(run, async ({ spec, values }) => {
        const definition = customResourceDefinition({
          versions: [servedVersion('v1', true, { type: 'object', properties: { spec } })],
        });
        const made = await t.post(crds, definition);
        expect(made.status, JSON.stringify([spec, made.body])).toBe(201);
        await vi.waitFor(async () => expect((await t.get(widgets)).status).toBe(200), { timeout: 60_000 });
        try {
          for (const value of values) await survives(spec, value);
        } finally {
          // Also of one that failed: what is tried next to find the smallest is of the same name.
          await t.remove(`${crds}/widgets.example.com`);
          await vi.waitFor(async () => expect((await t.get(`${crds}/widgets.example.com`)).status).toBe(404), {
            timeout: 60_000,
          });
        }
      }),
      { numRuns: fuzzRuns(8) },
    );
  });
});

async function survives(spec: Node, value: unknown): Promise<void> {
  const said = JSON.stringify([spec, value]);
  const created = await t.post(widgets, widget(value));
  tried('values tried under structural schemas');
  expect([201, 400, 422], `${said}: ${created.status} ${JSON.stringify(created.body)}`).toContain(created.status);
  if (created.status !== 201) return;
  const path = `${widgets}/w`;
  const read = await t.get(path);
  expect(read.body, said).toEqual(created.body);
  const written = await t.put(path, read.body);
  expect(written.status, `${said}: ${JSON.stringify(written.body)}`).toBe(200);
  expect(written.body, said).toEqual(read.body);
  // Of what is stored nothing is unknown.
  const strict = await t.put(`${path}?fieldValidation=Strict`, read.body);
  expect(strict.status, `${said}: ${JSON.stringify(strict.body)}`).toBe(200);
  const { apiVersion, kind, metadata, ...rest } = read.body;
  const applied = await t.patch(`${path}?fieldManager=me`, 'application/apply-patch+yaml', {
    apiVersion,
    kind,
    metadata: { name: metadata.name },
    ...rest,
  });
  await t.remove(path);
  // A text that has a format may be a list, as in Kubernetes (kube-openapi leaves the type alone then), but not where it is applied.
  if (
    /: expected string, got &value.valueUnstructured\{Value:\[\]interface/.test(applied.body.message) &&
    said.includes('"format"')
  )
    return;
  expect(applied.status, `${said}: ${JSON.stringify(applied.body)}`).toBe(200);
  expect(applied.body.spec, said).toEqual(read.body.spec);
}
