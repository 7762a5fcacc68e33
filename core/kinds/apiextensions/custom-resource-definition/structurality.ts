// That a schema is structural: each field has one type, said once, and branches only restrict. All that is wrong is told in the order of its
// text. Source: "Specifying a structural schema" of CustomResourceDefinitions, KEP-1027.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { checkBranches, checkCompleteness } from './branches.ts';
import { typeMustBe } from './list-keywords.ts';
import { checkPattern } from './pattern.ts';

type Level = 'root' | 'item' | 'field';

export function structuralErrors(root: V1JSONSchemaProps, path: string): FieldError[] {
  const errors: FieldError[] = [];
  visit(root, path, 'root', errors);
  checkCompleteness(root, path, errors);
  const text = ({ field, message }: FieldError) => `${field}: ${message}`;
  return errors.sort((a, b) => (text(a) < text(b) ? -1 : text(a) > text(b) ? 1 : 0));
}

/** Keywords that a structural schema has no place for, with how they are called. */
const placeless = [
  ['id', 'id'],
  ['$schema', 'schema'],
  ['$ref', '$ref'],
  ['patternProperties', 'patternProperties'],
  ['dependencies', 'dependencies'],
  ['additionalItems', 'additionalItems'],
  ['definitions', 'definitions'],
] as const;

/** Why nothing can be said of a schema's structure; undefined where it can. */
export function whyUnstructured(schema: V1JSONSchemaProps): string | undefined {
  for (const [keyword, name] of placeless) {
    const value: unknown = schema[keyword];
    if (value !== undefined && value !== '' && !(isRecord(value) && Object.keys(value).length === 0))
      return `OpenAPIV3Schema '${name}' is not supported`;
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  if (Array.isArray(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  const { items, additionalProperties, properties, allOf, anyOf, oneOf, not } = schema;
  const parts = [items, additionalProperties, not, ...Object.values(properties ?? {})];
  for (const each of [...parts, ...(allOf ?? []), ...(anyOf ?? []), ...(oneOf ?? [])]) {
    const why = isRecord(each) ? whyUnstructured(each) : undefined;
    if (why !== undefined) return why;
  }
  return undefined;
}

const untyped: Readonly<Record<Level, string>> = {
  root: 'must not be empty at the root',
  item: 'must not be empty for specified array items',
  field: 'must not be empty for specified object fields',
};

function visit(schema: V1JSONSchemaProps, path: string, level: Level, errors: FieldError[]): void {
  const keep = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const either = schema['x-kubernetes-int-or-string'] === true;
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const { type, items, properties, additionalProperties } = schema;
  if (type === 'array' && !items) errors.push(required(`${path}.items`, 'must be specified'));
  if (isRecord(items)) visit(items, `${path}.items`, 'item', errors);
  for (const [name, each] of Object.entries(properties ?? {}))
    visit(each, `${path}.properties[${name}]`, 'field', errors);
  if (additionalProperties !== undefined && level === 'root')
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  if (isRecord(additionalProperties)) visit(additionalProperties, `${path}.additionalProperties`, 'field', errors);
  for (const keyword of ['x-kubernetes-preserve-unknown-fields', 'x-kubernetes-embedded-resource'] as const)
    if (either && schema[keyword])
      errors.push(invalidValue(`${path}.${keyword}`, true, 'must be false if x-kubernetes-int-or-string is true'));
  checkBranches(schema, path, errors);
  if (schema.pattern) checkPattern(schema.pattern, path, errors);
  if (embedded) typeMustBe(schema, 'object', 'must be object if x-kubernetes-embedded-resource is true', path, errors);
  else if (!type && !either && !keep) errors.push(required(`${path}.type`, untyped[level]));
  if (embedded && additionalProperties !== undefined)
    errors.push(
      forbiddenField(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
    );
  if (level === 'root' && type && type !== 'object')
    errors.push(invalidValue(`${path}.type`, type, 'must be object at the root'));
  if (level === 'root' || embedded) checkMetadata(schema, path, errors);
  if (level === 'root') checkOwnMetadata(getOwn(properties, 'metadata'), `${path}.properties[metadata]`, errors);
  if (embedded && !keep && Object.keys(properties ?? {}).length === 0)
    errors.push(
      required(
        `${path}.properties`,
        'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
      ),
    );
}

/** What every object has is of its type. */
function checkMetadata({ properties }: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  for (const [name, wanted] of [
    ['kind', 'string'],
    ['apiVersion', 'string'],
    ['metadata', 'object'],
  ] as const) {
    const property = getOwn(properties, name);
    if (property && property.type !== wanted)
      errors.push(invalidValue(`${path}.properties[${name}].type`, property.type ?? '', `must be ${wanted}`));
  }
}

/** Keywords that say nothing of a value, or that are looked at where defaults are. */
const saidElsewhere = new Set(['type', 'default', 'externalDocs', 'example']);

/** Of its own metadata a definition may restrict the names. */
function checkOwnMetadata(metadata: V1JSONSchemaProps | undefined, path: string, errors: FieldError[]): void {
  if (!metadata) return;
  const { properties, ...more } = metadata;
  const others = Object.keys(properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  const said = Object.entries(more).some(([keyword, value]) => !saidElsewhere.has(keyword) && says(value));
  if (others.length > 0 || said)
    errors.push(
      forbiddenField(
        path,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
}

function says(value: unknown): boolean {
  return Array.isArray(value) ? !deepEqual(value, []) : Boolean(value);
}
