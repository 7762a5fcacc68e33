import { beforeAll, expect, it } from 'vitest';
import type { KubeObject } from '../../machinery/object.ts';
import type { Schema } from '../../machinery/schema.ts';
import { loadTextFormats } from '../../machinery/structure/late-text-formats.ts';
import { customErrors } from './custom-errors.ts';

const text: Schema = { type: 'string' };
const item: Schema = { type: 'object', properties: { k: text, n: { type: 'integer' } }, required: ['k'] };
const spec: Schema = {
  type: 'object',
  properties: {
    replicas: { 'x-kubernetes-preserve-unknown-fields': true },
    color: { ...text, maxLength: 3, minLength: 2, pattern: '^a' },
    choice: { ...text, enum: ['a', 'b'], nullable: true },
    few: { type: 'array', maxItems: 1, items: { ...text, maxLength: 1 } },
    map: { type: 'array', 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['k'], items: item },
    set: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
    day: { ...text, format: 'date' },
  },
};
const schema: Schema = { type: 'object', properties: { spec } };
const definition = {
  schema,
  scale: {
    specReplicasPath: ['spec', 'replicas'],
    statusReplicasPath: ['status', 'replicas'],
    labelSelectorPath: ['status', 'selector'],
  },
};
const context = { large: false };

beforeAll(() => loadTextFormats());

const at = 'spec.map[0].k';

it.each<[object, readonly string[]]>([
  [{ spec: { color: 'bbbb' } }, ['spec.color: Too long: may not be more than 3 bytes']],
  [{ spec: { color: 'b' } }, ['spec.color: Invalid value: "b": spec.color in body should be at least 2 chars long']],
  [
    { spec: { choice: 1 } },
    [
      'spec.choice: Invalid value: "integer": spec.choice in body must be of type string: "integer"',
      'spec.choice: Unsupported value: 1: supported values: "a", "b"',
    ],
  ],
  [{ spec: { choice: null } }, ['spec.choice: Unsupported value: "null": supported values: "a", "b"']],
  [
    { spec: { few: ['a', 'bb'] } },
    ['spec.few[1]: Too long: may not be more than 1 bytes', 'spec.few: Too many: 2: must have at most 1 items'],
  ],
  [{ spec: { set: ['a', 'a', 'a'] } }, ['spec.set[1]: Duplicate value: "a"']],
  [
    { spec: { map: [{ n: 1 }, { n: 2 }], day: 'x' } },
    [
      `${at}: Required value`,
      'spec.map[1].k: Required value',
      'spec.day: Invalid value: "x": spec.day in body must be of type date: "x"',
      'spec.map[1]: Duplicate value: {}',
    ],
  ],
  [{ spec: { replicas: -1 } }, ['.spec.replicas: Invalid value: -1: should be a non-negative integer']],
  [
    { spec: { replicas: 2147483648 }, status: { replicas: 'x', selector: { a: [1] } } },
    [
      '.spec.replicas: Invalid value: 2147483648: should be less than or equal to 2147483647',
      '.status.replicas: Invalid value: 0: .status.replicas accessor error: x is of the type string, expected int64',
      '.status.selector: Invalid value: "": .status.selector accessor error: map[a:[1]] is of the type map[string]interface {}, expected string',
    ],
  ],
])('a custom resource of %j', async (object, expected) => {
  const errors = await customErrors(context, definition, { metadata: {}, ...object } as KubeObject, undefined);
  expect(errors.map(({ field, message }) => `${field}: ${message}`)).toEqual(expected);
});
