// Structural schemas by chance, each with an object that it takes, and what the rules of custom resources make of the object: a second
// writing of "prune, null, default", small enough to be read, for the tests to hold the product against.

import fc from 'fast-check';
import { getOwn, setOwn } from '../../core/machinery/own.ts';

export interface TestSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, TestSchema>>;
  readonly additionalProperties?: TestSchema;
  readonly items?: TestSchema;
  readonly nullable?: boolean;
  readonly default?: unknown;
}

export interface Sample {
  readonly schema: TestSchema;
  /** May have fields that the schema does not name, and nulls. */
  readonly sent: unknown;
}

const free: TestSchema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const word = fc.stringMatching(/^[a-z]{1,8}$/);
/** Some that an object has anyway in JavaScript, some that paths and pointers must quote. */
const fieldName = fc.constantFrom('a', 'b', 'spec', 'items', 'b-c', 'd.e', 'x~y', 'toString', 'valueOf', 'größe');
const json = fc.jsonValue({ maxDepth: 2, noUnicodeString: true }).map(withoutNulls);

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.record({
    schema: fc.constantFrom<TestSchema>({ type: 'string' }, { type: 'string', maxLength: 20, pattern: '^[a-z]+$' }),
    sent: word,
  }),
  fc.uniqueArray(word, { minLength: 1, maxLength: 3 }).map((words) => ({
    schema: { type: 'string', enum: words },
    sent: words[0],
  })),
  fc.record({
    schema: fc.constantFrom<TestSchema>({ type: 'integer' }, { type: 'integer', format: 'int64' }),
    sent: fc
      .oneof(fc.integer(), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(9007199254740993n))
      .map(asInteger),
  }),
  fc.record({ schema: fc.constant({ type: 'number' }), sent: fc.integer({ min: -400, max: 400 }).map((n) => n / 4) }),
  fc.record({ schema: fc.constant({ type: 'boolean' }), sent: fc.boolean() }),
  fc.record({
    schema: fc.constant({ 'x-kubernetes-int-or-string': true }),
    sent: fc.oneof(word, fc.integer()),
  }),
  fc.record({ schema: fc.constant(free), sent: fc.dictionary(word, json, { maxKeys: 3 }) }),
  fc.record({
    schema: fc.constant({ ...free, 'x-kubernetes-embedded-resource': true }),
    sent: fc.record({
      apiVersion: fc.constant('v1'),
      kind: fc.constant('Pod'),
      metadata: fc.record({ name: word, labels: fc.dictionary(word, word, { minKeys: 1, maxKeys: 2 }) }),
      spec: fc.dictionary(word, json, { maxKeys: 2 }),
    }),
  }),
  fc.uniqueArray(word, { minLength: 1, maxLength: 4 }).map((sent) => ({
    schema: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    sent,
  })),
);

/** How a property of an object is met. */
type Presence = 'sent' | 'absent' | 'defaulted' | 'null' | 'null, defaulted' | 'null, nullable';

const presence = fc.constantFrom<Presence>(
  'sent',
  'sent',
  'sent',
  'absent',
  'defaulted',
  'null',
  'null, defaulted',
  'null, nullable',
);

function objectAt(depth: number): fc.Arbitrary<Sample> {
  const property = fc.tuple(fieldName, presence, sampleAt(depth - 1));
  return fc
    .record({
      properties: fc.uniqueArray(property, { minLength: 1, maxLength: 4, selector: ([name]) => name }),
      unknown: fc.boolean(),
    })
    .map(({ properties, unknown }) => {
      const schemas: Record<string, TestSchema> = {};
      const sent: Record<string, unknown> = {};
      for (const [name, asked, { schema, sent: value }] of properties) {
        // Of a list of values null is none, nullable or not.
        const how = asked === 'null, nullable' && schema.enum ? 'absent' : asked;
        const filled = { ...schema, default: cleaned(schema, value) };
        const isDefaulted = how === 'defaulted' || how === 'null, defaulted';
        setOwn(schemas, name, how === 'null, nullable' ? { ...schema, nullable: true } : isDefaulted ? filled : schema);
        if (how === 'sent') setOwn(sent, name, value);
        else if (how.startsWith('null')) setOwn(sent, name, null);
      }
      if (unknown) sent['nobodyKnowsIt'] = { at: 'all' };
      return { schema: { type: 'object', properties: schemas }, sent };
    });
}

function sampleAt(depth: number): fc.Arbitrary<Sample> {
  if (depth === 0) return leaf;
  const inner = sampleAt(depth - 1);
  return fc.oneof(
    leaf,
    objectAt(depth),
    fc.tuple(inner, fc.integer({ min: 0, max: 3 })).map(([{ schema, sent }, length]) => ({
      schema: { type: 'array', items: schema },
      sent: Array.from({ length }, () => sent),
    })),
    fc.tuple(objectAt(depth), fc.uniqueArray(word, { maxLength: 3 })).map(([{ schema, sent }, keys]) => ({
      schema: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['key'],
        items: {
          ...schema,
          required: ['key'],
          properties: { ...schema.properties, key: { type: 'string' } },
        },
      },
      sent: keys.map((key) => ({ ...Object(sent), key })),
    })),
    fc.tuple(inner, fc.uniqueArray(fieldName, { maxLength: 3 })).map(([{ schema, sent }, names]) => ({
      schema: { type: 'object', additionalProperties: schema },
      sent: Object.fromEntries(names.map((name) => [name, sent])),
    })),
  );
}

/** Of a whole custom resource, below what every object has. */
export const resource: fc.Arbitrary<Sample> = objectAt(3).map(({ schema, sent }) => ({
  schema: { type: 'object', properties: { body: schema } },
  sent: { body: sent },
}));

/** What is stored and answered of what was sent. */
export function kept(schema: TestSchema, value: unknown): unknown {
  return shaped(schema, value, true);
}

/** What a careful user sends: fields that are known, none of them null. Defaults are left to the server. */
export function cleaned(schema: TestSchema, value: unknown): unknown {
  return withoutNulls(shaped(schema, value, false));
}

export function withShortIntegers(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value % 1000n);
  if (Array.isArray(value)) return value.map(withShortIntegers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withShortIntegers(field)]));
}

function shaped(schema: TestSchema, value: unknown, fill: boolean): unknown {
  if (Array.isArray(value) && schema.items) return value.map((each) => shaped(schema.items ?? {}, each, fill));
  if (typeof value !== 'object' || value === null || Array.isArray(value) || schema.type !== 'object') return value;
  const { properties = {}, additionalProperties } = schema;
  const result: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const own = getOwn(properties, name) ?? additionalProperties;
    if (own === undefined) {
      if (schema['x-kubernetes-preserve-unknown-fields']) setOwn(result, name, field);
    } else if (field !== null) setOwn(result, name, shaped(own, field, fill));
    else if (own.nullable) setOwn(result, name, null);
  }
  if (fill)
    for (const [name, own] of Object.entries(properties))
      if (own.default !== undefined && !Object.hasOwn(result, name))
        setOwn(result, name, shaped(own, own.default, true));
  return result;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((each) => each !== null).map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutNulls(field)]));
}

/** As JSON readers here give it: a bigint only where a number would round it. */
function asInteger(value: number | bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
