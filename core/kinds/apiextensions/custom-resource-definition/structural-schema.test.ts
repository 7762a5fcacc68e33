import { beforeAll, describe, expect, it } from 'vitest';
import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { customResourceDefinition, free, servedVersion } from '../../../api/testing/custom-resource-definition.ts';
import { loadExpressions } from '../../../cel/expressions.ts';
import type { KubeObject } from '../../../machinery/object.ts';
import { compiledRules } from './compiled-rules.ts';
import { strategy } from './strategy.ts';
import { validateSchema } from './structural-schema.ts';

beforeAll(() => loadExpressions());

/** `field: message` of each error. */
function problems(root: object): string[] {
  // A test's schema, which is there to be wrong.
  return validateSchema(root as V1JSONSchemaProps, 's', compiledRules()).map(
    ({ field, message }) => `${field}: ${message}`,
  );
}

const within = (q: object) => ({ type: 'object', properties: { q } });
const text = { type: 'string' };
const integerOrString = [{ type: 'integer' }, { type: 'string' }];
const embedded = (more: object) => ({ type: 'object', 'x-kubernetes-embedded-resource': true, ...more });
const list = (listType: string, items: object, more: object = {}) =>
  within({ type: 'array', 'x-kubernetes-list-type': listType, items, ...more });

describe('a schema is taken', () => {
  it.each<[string, object]>([
    ['with a type beside int-or-string', within({ type: 'string', 'x-kubernetes-int-or-string': true })],
    [
      'with any fields beside properties',
      within({ type: 'object', additionalProperties: true, properties: { a: text } }),
    ],
    ['with int-or-string written out', within({ 'x-kubernetes-int-or-string': true, anyOf: integerOrString })],
    [
      'with int-or-string written out below allOf',
      within({ 'x-kubernetes-int-or-string': true, allOf: [{ anyOf: integerOrString }, { minLength: 1 }] }),
    ],
    [
      'that restricts the metadata of an embedded object',
      within(
        embedded({
          properties: { metadata: { type: 'object', required: ['namespace'], properties: { namespace: text } } },
        }),
      ),
    ],
    [
      'with names restricted',
      { type: 'object', properties: { metadata: { type: 'object', properties: { name: { ...text, maxLength: 3 } } } } },
    ],
    [
      'with a set of atomic objects',
      list('set', { type: 'object', 'x-kubernetes-map-type': 'atomic', properties: { a: text } }),
    ],
    [
      'with branches over specified fields',
      { ...within(text), anyOf: [{ required: ['q'] }, { properties: { q: { minLength: 1 } } }] },
    ],
    ['with nothing said in a branch', { ...within(text), anyOf: [{ description: '', nullable: false }] }],
  ])('%s', (_, schema) => {
    expect(problems(schema)).toEqual([]);
  });
});

describe('a schema is refused', () => {
  it.each<[string, object, readonly string[]]>([
    [
      'with additional properties at the root',
      { type: 'object', additionalProperties: true },
      ['s.additionalProperties: Forbidden: must not be used at the root'],
    ],
    [
      'with a schema of others beside properties',
      within({ type: 'object', additionalProperties: text, properties: { a: text } }),
      ['s.properties[q].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'that forbids others beside properties',
      within({ type: 'object', additionalProperties: false, properties: { a: text } }),
      ['s.properties[q].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive'],
    ],
    [
      'with a field that only a branch knows',
      { ...within(text), anyOf: [{ properties: { other: { minLength: 1 } } }] },
      ['s.properties[other]: Required value: because it is defined in s.anyOf[0].properties[other]'],
    ],
    [
      'with items that only a branch knows',
      { ...within(text), not: { properties: { q: { items: { minLength: 1 } } } } },
      ['s.properties[q].items: Required value: because it is defined in s.not.properties[q].items'],
    ],
    [
      'with what a field is in a branch',
      within({
        type: 'object',
        properties: { a: text },
        oneOf: [{ title: 't', description: 'd', nullable: true, default: 1 }],
      }),
      [
        's.properties[q].oneOf[0].default: Forbidden: must be undefined to be structural',
        's.properties[q].oneOf[0].description: Forbidden: must be empty to be structural',
        's.properties[q].oneOf[0].nullable: Forbidden: must be false to be structural',
        's.properties[q].oneOf[0].title: Forbidden: must be empty to be structural',
      ],
    ],
    [
      'with types in branches that are not int-or-string',
      within({ 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'boolean' }] }),
      [
        's.properties[q].anyOf[0].type: Forbidden: must be empty to be structural',
        's.properties[q].anyOf[1].type: Forbidden: must be empty to be structural',
      ],
    ],
    [
      'with metadata in a branch',
      { type: 'object', properties: { metadata: { type: 'object' } }, allOf: [{ properties: { metadata: {} } }] },
      ['s.allOf[0].properties[metadata]: Forbidden: must not be specified in a nested context'],
    ],
    [
      'with more of its own metadata than names',
      { type: 'object', properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } } },
      [
        's.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified',
      ],
    ],
    [
      'with defaults of what every object has',
      {
        type: 'object',
        properties: {
          kind: { ...text, default: 'x' },
          metadata: { type: 'object', properties: { name: { ...text, default: 'y' } } },
        },
      },
      [
        's.properties[kind].default: Forbidden: must not be set in top-level kind',
        's.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata',
      ],
    ],
    [
      'with a kind that is no string',
      { type: 'object', properties: { kind: { type: 'integer' } } },
      ['s.properties[kind].type: Invalid value: "integer": must be string'],
    ],
    [
      'with an embedded object of any fields',
      within(embedded({ 'x-kubernetes-preserve-unknown-fields': true, additionalProperties: text })),
      ['s.properties[q].additionalProperties: Forbidden: must not be used if x-kubernetes-embedded-resource is set'],
    ],
    [
      'with a set of granular objects',
      list('set', { type: 'object', properties: { a: text } }),
      [
        's.properties[q].items.x-kubernetes-map-type: Invalid value: "null": must be atomic as item of a list with x-kubernetes-list-type=set',
      ],
    ],
    [
      'with a set of nothing',
      list('set', { ...text, nullable: true }),
      ['s.properties[q].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set'],
    ],
    [
      'with a key that may be missing',
      list('map', { type: 'object', properties: { a: text } }, { 'x-kubernetes-list-map-keys': ['a'] }),
      [
        's.properties[q].items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
      ],
    ],
    [
      'with int-or-string of any kind',
      within({ 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true }),
      [
        's.properties[q].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
      ],
    ],
  ])('%s', (_, schema, expected) => {
    expect(problems(schema)).toEqual(expected);
  });
});

describe('the errors of a schema', () => {
  const rule = (more: object) => ({ ...text, 'x-kubernetes-validations': [{ rule: 'self < 1', ...more }] });

  it('come in the order of their texts, structure before keywords, and no rule before all else is right', () => {
    const b = { type: 'array' };
    const a = { 'x-kubernetes-int-or-string': true, 'x-kubernetes-preserve-unknown-fields': true };
    expect(problems({ type: 'object', properties: { b, a, c: { ...text, uniqueItems: true }, d: rule({}) } })).toEqual([
      's.properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true',
      's.properties[b].items: Required value: must be specified',
      's.properties[c].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    ]);
  });

  it('show a rule as Kubernetes has it', () => {
    const [first = ''] = problems(within(rule({ message: 'm' })));
    expect(first).toContain(
      's.properties[q].x-kubernetes-validations[0].rule: Invalid value: {"Rule":"self \\u003c 1","Message":"m","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: compilation failed: ERROR: <input>:1:6: found no matching overload',
    );
  });

  it('name a keyword that has no place only where nothing else is wrong', () => {
    expect(problems(within({ ...text, $schema: 'x' }))).toEqual([
      `s: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`,
    ]);
    expect(problems(within({ $ref: 'x' }))).toEqual(['s.properties[q].$ref: Forbidden: $ref is not supported']);
  });

  it('forbid at the root what a status would lose', () => {
    const schema = { ...within(text), oneOf: [{ required: ['q'] }] };
    const [only = '', ...more] = validateSchema(schema, 's', compiledRules(), { status: true }).map(
      ({ message }) => message,
    );
    expect(more).toEqual([]);
    expect(only).toMatch(
      /^Invalid value: \{"ID":"",.*"OneOf":\[\{.*"Required":\["q"\].*: only \[Description Type .* XValidations\] fields are allowed at the root of the schema if the status subresource is enabled$/,
    );
    expect(validateSchema(schema, 's', compiledRules())).toEqual([]);
  });

  it('tell of a default with fields that nobody knows', () => {
    expect(problems(within({ type: 'object', default: { b: 1 }, properties: { a: text } }))).toEqual([
      's.properties[q].default: Invalid value: {"b":1}: must not have unknown fields',
    ]);
  });
});

describe('a definition', () => {
  it('is told of formats that nothing checks, once each', () => {
    const count = { type: 'integer', format: 'int32' };
    const odd = { ...text, format: 'ip' };
    const schema = within({ type: 'object', properties: { a: count, b: odd, c: { ...text, format: 'uri' }, d: odd } });
    const crd = customResourceDefinition({
      versions: [servedVersion('v1', true, schema), servedVersion('v2', false, schema)],
    });
    // A definition as the API server has it.
    expect(strategy.warnings?.(crd as KubeObject, undefined)).toEqual(['unrecognized format "ip"']);
    // What was so before needs no second warning.
    expect(strategy.warnings?.(crd as KubeObject, crd as KubeObject)).toEqual([]);
  });

  it.each([
    [['v1beta1'], []],
    [['v7', 'v1'], []],
    [['v7'], ['Invalid value: ["v7"]: must include at least one of v1, v1beta1']],
  ])('is converted by webhooks that read %j', (conversionReviewVersions, expected) => {
    const webhook = { conversionReviewVersions, clientConfig: { url: 'https://conv.example.com/x' } };
    const crd = customResourceDefinition({
      versions: [servedVersion('v1', true, free)],
      spec: { conversion: { strategy: 'Webhook', webhook } },
    });
    const errors = strategy.validate?.(crd as KubeObject, undefined) ?? [];
    const told = errors.filter(({ field }) => field.startsWith('spec.conversion'));
    expect(told.map(({ message }) => message)).toEqual(expected);
  });
});
