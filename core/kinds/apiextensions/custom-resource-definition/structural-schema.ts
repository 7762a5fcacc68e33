// What a custom resource's schema must be like: structural, within what Kubernetes serves, with rules that compile.
// Source: "Specifying a structural schema" of CustomResourceDefinitions, KEP-1027, KEP-2876.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { structuralSchema } from '../../../api/custom-schema.ts';
import { regularExpressions } from '../../../machinery/expressions.ts';
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import type { Int64 } from '../../../machinery/object.ts';
import { getOwn, nameLeadingOut } from '../../../machinery/own.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import type { CompiledRules } from './compiled-rules.ts';
import { checkRules, checkTotalCost, type RulePlace } from './validation-rules.ts';

/** All errors of a version's schema, which stands at `path`. */
export function validateSchema(root: V1JSONSchemaProps, path: string, rules: CompiledRules): FieldError[] {
  const errors: FieldError[] = [];
  if (root.type !== 'object') {
    errors.push(
      root.type
        ? invalidValue(`${path}.type`, root.type, 'must be object at the root')
        : required(`${path}.type`, 'must not be empty at the root'),
    );
  }
  if (root.nullable) errors.push(forbiddenField(`${path}.nullable`, 'nullable cannot be true at the root'));
  const place: RulePlace = { correlatable: true, cardinality: 1, rules, costs: [] };
  visit(root, path, place, true, errors);
  errors.push(...checkTotalCost(place.costs, path));
  if (errors.length === 0) checkDefaults(root, path, errors);
  return errors;
}

/** Keywords of JSON Schema that a structural schema does not have. */
const unsupported = [
  '$ref',
  '$schema',
  'additionalItems',
  'definitions',
  'dependencies',
  'id',
  'patternProperties',
] as const;
const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
/** What may stand only outside of allOf, anyOf, oneOf and not. */
const structuralOnly = [
  'description',
  'type',
  'default',
  'additionalProperties',
  'nullable',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const;

function visit(schema: V1JSONSchemaProps, path: string, place: RulePlace, root: boolean, errors: FieldError[]): void {
  const keep = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const either = schema['x-kubernetes-int-or-string'] === true;
  for (const each of unsupported)
    if (schema[each] !== undefined) errors.push(forbiddenField(`${path}.${each}`, `${each} is not supported`));
  if (schema.uniqueItems)
    errors.push(
      forbiddenField(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
  if (!root) {
    if (!schema.type && !keep && !either)
      errors.push(
        required(
          `${path}.type`,
          `must not be empty for specified ${path.endsWith('.items') ? 'array items' : 'object fields'}`,
        ),
      );
    else if (schema.type && !types.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, types));
  }
  if (either && schema.type)
    errors.push(forbiddenField(`${path}.type`, 'must be empty if x-kubernetes-int-or-string is true'));
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (schema['x-kubernetes-embedded-resource']) {
    if (schema.type !== 'object')
      errors.push(
        invalidValue(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-embedded-resource is true'),
      );
    if (!keep && !schema.properties)
      errors.push(
        required(
          `${path}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      );
  }
  if (root || schema['x-kubernetes-embedded-resource']) checkMetadata(schema, path, errors);
  if (schema.properties && schema.additionalProperties)
    errors.push(
      forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  if (schema.pattern !== undefined) checkPattern(schema.pattern, path, errors);
  if (schema.type === 'array' && !schema.items) errors.push(required(`${path}.items`, 'must be specified'));
  checkList(schema, path, errors);
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined && schema.type !== 'object')
    errors.push(
      invalidValue(`${path}.type`, schema.type ?? '', 'must be object if x-kubernetes-map-type is specified'),
    );
  if (mapType !== undefined && mapType !== 'atomic' && mapType !== 'granular')
    errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  checkBranches(schema, path, either, errors);
  checkRules(schema, path, place, root || schema['x-kubernetes-embedded-resource'] === true, errors);

  const listed = schema['x-kubernetes-list-type'] === 'map';
  const { items, properties, additionalProperties } = schema;
  if (isSchema(items)) {
    visit(items, `${path}.items`, below(place, listed, countOf(schema.maxItems)), false, errors);
  }
  for (const [name, each] of Object.entries(properties ?? {})) {
    // The metadata of every object is known; what is said of it is checked above.
    if (root && name === 'metadata') continue;
    visit(each, `${path}.properties[${name}]`, below(place, mapType !== 'atomic', 1), false, errors);
  }
  if (isSchema(additionalProperties)) {
    visit(
      additionalProperties,
      `${path}.additionalProperties`,
      below(place, mapType !== 'atomic', countOf(schema.maxProperties)),
      false,
      errors,
    );
  }
}

function countOf(bound: Int64 | undefined): number | undefined {
  return bound === undefined ? undefined : Number(bound);
}

/** Below a list or map without a bound nothing is known of how often a rule runs, but that its parts fit into a request. */
function below(place: RulePlace, correlatable: boolean, count: number | undefined): RulePlace {
  const { cardinality } = place;
  return {
    ...place,
    correlatable: place.correlatable && correlatable,
    cardinality: count === undefined || cardinality === undefined ? undefined : cardinality * count,
  };
}

function isSchema(value: unknown): value is V1JSONSchemaProps {
  return isRecord(value);
}

function checkMetadata(schema: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  const metadata = schema.properties?.['metadata'];
  if (!metadata) return;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') errors.push(invalidValue(`${at}.type`, metadata.type ?? '', 'must be object'));
  const others = Object.keys(metadata.properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  if (others.length > 0 || metadata.required?.length)
    errors.push(
      forbiddenField(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
}

function checkPattern(pattern: string, path: string, errors: FieldError[]): void {
  const { compileLinear } = regularExpressions();
  try {
    compileLinear(pattern);
  } catch (error) {
    // Only its own syntax errors come from there.
    errors.push(
      invalidValue(
        `${path}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${(error as Error).message}`,
      ),
    );
  }
}

function checkList(schema: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys?.length && listType !== 'map')
    errors.push(
      invalidValue(
        `${path}.x-kubernetes-list-type`,
        listType ?? '',
        'must be map if x-kubernetes-list-map-keys is non-empty',
      ),
    );
  if (listType === undefined) return;
  if (!['atomic', 'set', 'map'].includes(listType))
    errors.push(notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'set', 'map']));
  if (schema.type !== 'array')
    errors.push(
      invalidValue(`${path}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    );
  const items: V1JSONSchemaProps | undefined = isSchema(schema.items) ? schema.items : undefined;
  if (listType !== 'map' || !items) return;
  if (items.type !== 'object')
    errors.push(
      invalidValue(
        `${path}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
  if (!keys?.length)
    errors.push(required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  const seen = new Set<string>();
  for (const [index, key] of (keys ?? []).entries()) {
    const at = `${path}.x-kubernetes-list-map-keys[${index}]`;
    if (seen.has(key)) errors.push(duplicate(at, key));
    seen.add(key);
    const property = getOwn(items.properties, key);
    if (!property) errors.push(invalidValue(at, key, 'entries must all be names of item properties'));
    else if (property.type === 'object' || property.type === 'array')
      errors.push(
        invalidValue(
          `${path}.items.properties[${key}].type`,
          property.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    else if (property.default === undefined && !items.required?.includes(key))
      errors.push(
        required(
          `${path}.items.properties[${key}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        ),
      );
  }
}

/** allOf, anyOf, oneOf and not may only restrict values, not say what a field is. */
function checkBranches(schema: V1JSONSchemaProps, path: string, either: boolean, errors: FieldError[]): void {
  for (const keyword of ['allOf', 'anyOf', 'oneOf'] as const) {
    for (const [index, each] of (schema[keyword] ?? []).entries()) {
      // The one pattern in which a branch may name a type.
      const free = either && (keyword === 'anyOf' || keyword === 'allOf');
      checkBranch(each, `${path}.${keyword}[${index}]`, free, errors);
    }
  }
  if (schema.not) checkBranch(schema.not, `${path}.not`, false, errors);
}

function checkBranch(schema: V1JSONSchemaProps, path: string, mayType: boolean, errors: FieldError[]): void {
  for (const each of structuralOnly) {
    if (schema[each] !== undefined && !(mayType && each === 'type'))
      errors.push(forbiddenField(`${path}.${each}`, 'must be empty to be structural'));
  }
  if (schema.pattern !== undefined) checkPattern(schema.pattern, path, errors);
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    checkBranch(each, `${path}.properties[${name}]`, false, errors);
  if (isSchema(schema.items)) checkBranch(schema.items, `${path}.items`, false, errors);
  checkBranches(schema, path, mayType, errors);
}

/** A default must be a value that the schema allows and knows all of. */
function checkDefaults(root: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  visitDefaults(structuralSchema(root, { preserveUnknownFields: false }), path, errors);
}

function visitDefaults(schema: Schema, path: string, errors: FieldError[], names: readonly string[] = []): void {
  if (schema.model !== undefined) return;
  if (schema.default !== undefined) {
    const out = nameLeadingOut(names);
    if (out)
      errors.push(
        forbiddenField(`${path}.default`, `must not be set at or below a field named ${out}: name the field otherwise`),
      );
    const value = structuredClone(schema.default);
    const [unknown] = prune(schema, value);
    if (unknown)
      errors.push(invalidValue(`${path}.default`, schema.default, `must not have unknown fields: ${unknown}`));
    errors.push(...validateStructure(schema, value, `${path}.default`));
  }
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    visitDefaults(each, `${path}.properties[${name}]`, errors, [...names, name]);
  if (schema.items) visitDefaults(schema.items, `${path}.items`, errors, names);
  if (typeof schema.additionalProperties === 'object')
    visitDefaults(schema.additionalProperties, `${path}.additionalProperties`, errors, names);
}
