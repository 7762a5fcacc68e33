// Every request that our own OpenAPI describes, with bodies of its own schemas that are right here and wrong there, in every
// encoding: it is answered, and with a Status where it failed; nothing that a client sends is a failure of ours.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCbor } from '../../core/api/cbor/decode-cbor.ts';
import { encodeCbor } from '../../core/api/cbor/encode-cbor.ts';
import { encodeYaml } from '../../core/machinery/yaml-text.ts';
import { fuzzRuns } from '../../test/tools/fuzz-runs.ts';
import { tried } from '../../test/tools/tried.ts';
import { openTestApi, type TestApi } from './testing/open-test-api.ts';

interface OpenApiSchema {
  readonly $ref?: string;
  readonly allOf?: readonly OpenApiSchema[];
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema | boolean;
}

interface OpenApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content: object } }>>>
  >;
  readonly components: { readonly schemas: Readonly<Record<string, OpenApiSchema>> };
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly schema: OpenApiSchema;
  readonly schemas: OpenApiDocument['components']['schemas'];
}

let t: TestApi;
let operations: readonly Operation[];

beforeAll(async () => {
  t = await openTestApi();
  await t.namespace('default');
  await t.post('/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  const index: Record<string, { serverRelativeURL: string }> = (await t.get('/openapi/v3')).body.paths;
  const found: Operation[] = [];
  for (const { serverRelativeURL } of Object.values(index)) {
    const document: OpenApiDocument = (await t.get(serverRelativeURL)).body;
    found.push(...operationsOf(document));
  }
  operations = found;
}, 60_000);

afterAll(() => t.close());

function operationsOf({ paths, components }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) => {
    // The body of a patch is free: what is put there is what a patch leads to.
    const body = (methods['post'] ?? methods['put'])?.requestBody?.content;
    const schema = body && (Object.values(body)[0] as { schema?: OpenApiSchema }).schema; // by OpenAPI's own structure
    if (!schema) return [];
    const at = path.replace('{namespace}', 'default').replace(/\{[^}]+\}/g, 'a');
    return (['post', 'put', 'patch'] as const)
      .filter((method) => methods[method])
      .map((method) => ({ method: method.toUpperCase(), path: at, schema, schemas: components.schemas }));
  });
}

const odd = fc.constantFrom<unknown>(
  null,
  '',
  'x',
  -1,
  0,
  1.5,
  2 ** 53,
  true,
  [],
  {},
  [null],
  { a: null },
  'ü'.repeat(300),
);
const text = fc.constantFrom(
  'a',
  'default',
  'web',
  '1',
  '10.0.0.1',
  '10.0.0.0/8',
  'a/b',
  'A_b',
  '1Gi',
  '50%',
  '*',
  '',
  ' ',
  '2026-01-01T00:00:00Z',
  'YQ==',
  'self.a == 1',
  'true',
);

/** A value of a schema, mostly; `depth` levels at most. */
function valueOfSchema(schema: OpenApiSchema, schemas: Operation['schemas'], depth: number): fc.Arbitrary<unknown> {
  const referred = schema.$ref ?? schema.allOf?.[0]?.$ref;
  if (referred) {
    const next = schemas[referred.slice(referred.lastIndexOf('/') + 1)];
    return next && depth > 0 ? valueOfSchema(next, schemas, depth - 1) : fc.constant({});
  }
  if (schema.enum) return fc.constantFrom(...schema.enum);
  switch (schema.type) {
    case 'object': {
      if (typeof schema.additionalProperties === 'object' && depth > 0)
        return fc.dictionary(text, valueOfSchema(schema.additionalProperties, schemas, depth - 1), { maxKeys: 2 });
      const names = Object.keys(schema.properties ?? {});
      if (names.length === 0 || depth === 0) return fc.constant({});
      // A few of the fields, made once they are chosen: whole kinds are too large to make.
      return fc
        .subarray(names, { maxLength: Math.min(5, names.length) })
        .chain((chosen) =>
          fc.record(
            Object.fromEntries(
              chosen.map((name) => [name, spoiled(valueOfSchema(schema.properties?.[name] ?? {}, schemas, depth - 1))]),
            ),
          ),
        );
    }
    case 'array':
      return depth > 0 && schema.items
        ? fc.array(spoiled(valueOfSchema(schema.items, schemas, depth - 1)), { maxLength: 2 })
        : fc.constant([]);
    case 'integer':
    case 'number':
      return fc.constantFrom(-1, 0, 1, 80, 65536, 2 ** 31, 1.5);
    case 'boolean':
      return fc.boolean();
    default:
      return text;
  }
}

function spoiled(value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 20, arbitrary: value }, { weight: 1, arbitrary: odd });
}

const encodings: Readonly<Record<string, (value: unknown) => Uint8Array>> = {
  'application/json': (value) => Buffer.from(JSON.stringify(value)),
  'application/yaml': (value) => Buffer.from(encodeYaml(value)),
  'application/cbor': encodeCbor,
};

const patches: Readonly<Record<string, (value: unknown) => Uint8Array>> = {
  'application/merge-patch+json': (value) => Buffer.from(JSON.stringify(value)),
  'application/strategic-merge-patch+json': (value) => Buffer.from(JSON.stringify(value)),
  'application/apply-patch+yaml': (value) => Buffer.from(JSON.stringify(value)),
  'application/apply-patch+cbor': encodeCbor,
};

describe('any request of the OpenAPI documents', () => {
  it('is answered, and with a Status where it failed', { timeout: 60_000 }, async () => {
    expect(operations.length).toBeGreaterThan(250);
    const request = fc.nat().chain((choice) => {
      const operation = operations[choice % operations.length];
      if (!operation) throw new Error('there are operations, as was checked');
      const body = valueOfSchema(operation.schema, operation.schemas, 7);
      const named = fc
        .tuple(body, fc.constantFrom('a', 'b', ''), fc.boolean())
        .map(([value, name, whole]) =>
          whole && typeof value === 'object' && value !== null ? { ...value, metadata: { name } } : value,
        );
      const types = Object.keys(operation.method === 'PATCH' ? patches : encodings);
      return fc.record({
        // What a failure shows: without the schemas.
        operation: fc.constant({ method: operation.method, path: operation.path }),
        body: named,
        type: fc.constantFrom(...types),
        accept: fc.constantFrom('application/json', 'application/cbor', 'application/yaml'),
        query: fc.constantFrom('', 'dryRun=All', 'fieldManager=me&force=true', 'fieldValidation=Strict'),
      });
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ operation, body, type, accept, query }) => {
        const encode = encodings[type] ?? patches[type];
        const bytes = encode?.(body);
        const response = await t.api.handle({
          ...t.request(operation.method, `${operation.path}?${query}`, { headers: { 'content-type': type, accept } }),
          ...(bytes && { body: bytes }),
        });
        tried('requests made from the OpenAPI documents');
        const answer = Buffer.from(response.body instanceof Uint8Array ? response.body : []);
        const describeAnswer = () =>
          `${operation.method} ${operation.path}?${query} ${type} ${JSON.stringify(body)}: ${response.status} ${answer.toString('latin1')}`;
        expect(response.status < 500 || response.status === 501 || response.status === 504, describeAnswer()).toBe(
          true,
        );
        if (response.status < 400) return;
        const sent = response.headers['content-type'];
        const status =
          sent === 'application/json'
            ? JSON.parse(answer.toString())
            : sent === 'application/cbor'
              ? decodeCbor(answer)
              : undefined;
        if (status)
          expect(status, describeAnswer()).toMatchObject({ kind: 'Status', status: 'Failure', code: response.status });
      }),
      { numRuns: fuzzRuns(1500), interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    );
  });
});
