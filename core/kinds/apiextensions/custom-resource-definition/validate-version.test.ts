import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestKinds, type TestKinds } from '../../../registry/testing-kinds.ts';

let kinds: TestKinds;

beforeAll(async () => {
  kinds = await openTestKinds();
});

afterAll(() => kinds.close());

const type = 'apiextensions.k8s.io/customresourcedefinitions';
const schemaOf = (properties: object) => ({ openAPIV3Schema: { type: 'object', properties } });
const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: name === 'v1',
  schema: schemaOf({}),
  ...more,
});
const definition = (versions: readonly object[], more: object = {}) => ({
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Namespaced', names: { plural: 'widgets', kind: 'Widget' }, versions, ...more },
});
const selecting = (...paths: readonly string[]) => {
  const numbered = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`a${index}`, { type: 'string' }]));
  const schema = schemaOf({ spec: { type: 'object', properties: numbered } });
  return version('v1', { schema, selectableFields: paths.map((jsonPath) => ({ jsonPath })) });
};
const untyped = { schema: schemaOf({ q: {} }) };
const names = (more: object) => ({ names: { plural: 'widgets', kind: 'Widget', ...more } });

describe('a definition is taken', () => {
  it('with a default of null, which is none', async () => {
    const schema = schemaOf({
      spec: { type: 'object', properties: { a: { type: 'string', default: null, example: null } } },
    });
    expect(await kinds.created(type, definition([version('v1', { schema })]))).toEqual([]);
  });
});

describe('a definition in a group of Kubernetes', () => {
  const group = 'x.k8s.io';
  const protectedOne = (annotations?: object) => {
    const { metadata, spec } = definition([version('v1')], { group });
    return { metadata: { ...metadata, name: `widgets.${group}`, ...(annotations && { annotations }) }, spec };
  };
  const at = 'metadata.annotations[api-approved.kubernetes.io]';
  const wanted = 'protected groups must have approval annotation "api-approved.kubernetes.io"';
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  it.each<[object | undefined, readonly string[]]>([
    [undefined, [`${at}: Required value: ${wanted}, ${see}`]],
    [
      { 'api-approved.kubernetes.io': 'yes' },
      [`${at}: Invalid value: "yes": ${wanted} with either a URL or a reason starting with "unapproved", ${see}`],
    ],
    [{ 'api-approved.kubernetes.io': 'unapproved, experimental' }, []],
    [{ 'api-approved.kubernetes.io': 'https://example.com/pull/1' }, []],
  ])('annotated with %j', async (annotations, errors) => {
    expect(await kinds.created(type, protectedOne(annotations))).toEqual(errors);
  });
});

describe('a definition is refused', () => {
  it.each<[string, object, readonly unknown[]]>([
    [
      'of all versions at once where they are alike',
      definition([version('v1', untyped), version('v2', untyped)]),
      [
        'spec.validation.openAPIV3Schema.properties[q].type: Required value: must not be empty for specified object fields',
      ],
    ],
    [
      'of each version where they differ',
      definition([version('v1'), version('v2', untyped)]),
      [
        'spec.versions[1].schema.openAPIV3Schema.properties[q].type: Required value: must not be empty for specified object fields',
      ],
    ],
    [
      'a default that its own rule refuses',
      definition([
        version('v1', {
          schema: schemaOf({
            spec: {
              type: 'object',
              default: { min: 5, max: 1 },
              properties: { min: { type: 'integer' }, max: { type: 'integer' } },
              'x-kubernetes-validations': [{ rule: 'self.min <= self.max' }, { rule: 'self.min == oldSelf.min' }],
            },
          }),
        }),
      ]),
      [
        expect.stringMatching(
          /^spec\.validation\.openAPIV3Schema\.properties\[spec\]\.default: Invalid value: .*self\.min <= self\.max/,
        ),
      ],
    ],
    [
      'fields to select by that are none',
      definition([selecting('spec.a0', '.spec.zz', '.spec', '.spec.a0', '.spec.a0')]),
      [
        'spec.selectableFields[0].jsonPath: Invalid value: "spec.a0": is an invalid path: it must be a simple json path to a field',
        'spec.selectableFields[1].jsonPath: Invalid value: ".spec.zz": is an invalid path: does not refer to a valid field',
        'spec.selectableFields[2].jsonPath: Invalid value: ".spec": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
        'spec.selectableFields[4].jsonPath: Duplicate value: ".spec.a0"',
      ],
    ],
    [
      'more fields to select by than eight',
      definition([selecting(...Array.from({ length: 9 }, (_, index) => `.spec.a${index}`))]),
      ['spec.selectableFields: Too many: 9: must have at most 8 items'],
    ],
    [
      'two versions of one name',
      definition([version('v1'), version('v1', { storage: false })]),
      [
        expect.stringMatching(
          /^spec\.versions: Invalid value: \[\{"Name":"v1","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,.*\]: must contain unique version names$/,
        ),
      ],
    ],
    [
      'no version',
      definition([]),
      [
        'spec.versions: Invalid value: []: must have exactly one version marked as storage version',
        'status.storedVersions: Invalid value: null: must have at least one stored version',
      ],
    ],
    [
      'a warning of what is not deprecated',
      definition([version('v1', { deprecationWarning: 'x' })]),
      ['spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions'],
    ],
    [
      'a warning that says nothing',
      definition([version('v1', { deprecated: true, deprecationWarning: '' })]),
      ['spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string'],
    ],
    [
      'a warning of several lines',
      definition([version('v1', { deprecated: true, deprecationWarning: 'é\nb' })]),
      [
        'spec.versions[0].deprecationWarning: Invalid value: "é\\nb": must only contain printable UTF-8 characters; non-printable character found at index 2',
      ],
    ],
    [
      'names that are no labels',
      definition([version('v1')], names({ singular: 'A', listKind: 'a.b', shortNames: ['w', 'W'], categories: ['1'] })),
      [
        expect.stringContaining('spec.names.singular: Invalid value: "A": a DNS-1035 label'),
        expect.stringContaining('spec.names.listKind: Invalid value: "a.b": may have mixed case, but should otherwise'),
        expect.stringContaining('spec.names.shortNames[1]: Invalid value: "W": a DNS-1035 label'),
        expect.stringContaining('spec.names.categories[0]: Invalid value: "1": a DNS-1035 label'),
      ],
    ],
    [
      'conversion by nobody',
      definition([version('v1')], { conversion: { strategy: 'Webhook' } }),
      [
        'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
        'spec.conversion.conversionReviewVersions: Required value',
      ],
    ],
    [
      'what converts where nothing is converted',
      definition([version('v1')], {
        conversion: {
          strategy: 'None',
          webhook: { clientConfig: { url: 'https://a.b/c' }, conversionReviewVersions: ['v1'] },
        },
      }),
      [
        'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
        'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
      ],
    ],
  ])('for %s', async (_what, object, expected) => {
    expect(await kinds.created(type, object)).toEqual(expected);
  });
});
