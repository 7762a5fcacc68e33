// What a custom resource's schema must be like: structural, within what Kubernetes serves, with rules that compile.
// Source: "Specifying a structural schema" of CustomResourceDefinitions, KEP-1027, KEP-2876.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { structuralSchema } from '../../../api/custom-schema.ts';
import { validateRules } from '../../../cel/rules/validate-rules.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import type { Int64 } from '../../../machinery/object.ts';
import { getOwn, unsafeNameIn } from '../../../machinery/own.ts';
import type { Schema } from '../../../machinery/schema.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { prune } from '../../../machinery/structure/prune.ts';
import { validateStructure } from '../../../machinery/structure/validate-structure.ts';
import { checkBranches, checkCompleteness } from './branches.ts';
import type { CompiledRules } from './compiled-rules.ts';
import { checkListAndMap, typeMustBe } from './list-keywords.ts';
import { checkPattern } from './pattern.ts';
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
  const place: RulePlace = { uncorrelatable: undefined, cardinality: 1, rules, costs: [] };
  visit(root, path, place, true, errors);
  checkCompleteness(root, path, errors);
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
    if (!schema.type && !keep && !either && !schema['x-kubernetes-embedded-resource'])
      errors.push(
        required(
          `${path}.type`,
          `must not be empty for specified ${path.endsWith('.items') ? 'array items' : 'object fields'}`,
        ),
      );
    else if (schema.type && !types.includes(schema.type)) errors.push(notSupported(`${path}.type`, schema.type, types));
  }
  if (schema.type === 'null')
    errors.push(forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items))
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  if (either && keep)
    errors.push(
      invalidValue(
        `${path}.x-kubernetes-preserve-unknown-fields`,
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  if (either && schema['x-kubernetes-embedded-resource'])
    errors.push(
      invalidValue(
        `${path}.x-kubernetes-embedded-resource`,
        true,
        'must be false if x-kubernetes-int-or-string is true',
      ),
    );
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  if (schema['x-kubernetes-embedded-resource']) {
    typeMustBe(schema, 'object', 'must be object if x-kubernetes-embedded-resource is true', path, errors);
    if (schema.additionalProperties !== undefined)
      errors.push(
        forbiddenField(`${path}.additionalProperties`, 'must not be used if x-kubernetes-embedded-resource is set'),
      );
    if (!keep && Object.keys(schema.properties ?? {}).length === 0)
      errors.push(
        required(
          `${path}.properties`,
          'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
        ),
      );
  }
  if (root || schema['x-kubernetes-embedded-resource']) checkMetadata(schema, path, root, errors);
  if (root && schema.additionalProperties !== undefined)
    errors.push(forbiddenField(`${path}.additionalProperties`, 'must not be used at the root'));
  // `true` allows what properties say already.
  if (
    Object.keys(schema.properties ?? {}).length > 0 &&
    schema.additionalProperties !== undefined &&
    schema.additionalProperties !== true
  )
    errors.push(
      forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  if (schema.pattern !== undefined) checkPattern(schema.pattern, path, errors);
  if (schema.type === 'array' && !schema.items) errors.push(required(`${path}.items`, 'must be specified'));
  checkListAndMap(schema, path, errors);
  checkBranches(schema, path, errors);
  checkRules(schema, path, place, root || schema['x-kubernetes-embedded-resource'] === true, errors);

  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? path : undefined;
  const listed = schema['x-kubernetes-list-type'] === 'map';
  const { items, properties, additionalProperties } = schema;
  if (isSchema(items)) {
    visit(items, `${path}.items`, below(place, listed ? undefined : path, countOf(schema.maxItems)), false, errors);
  }
  for (const [name, each] of Object.entries(properties ?? {})) {
    // The metadata of every object is known; what is said of it is checked above.
    if (root && name === 'metadata') continue;
    visit(each, `${path}.properties[${name}]`, below(place, atomic, 1), false, errors);
  }
  if (isSchema(additionalProperties)) {
    visit(
      additionalProperties,
      `${path}.additionalProperties`,
      below(place, atomic, countOf(schema.maxProperties)),
      false,
      errors,
    );
  }
}

function countOf(bound: Int64 | undefined): number | undefined {
  return bound === undefined ? undefined : Number(bound);
}

/** Below a list or map without a bound nothing is known of how often a rule runs, but that its parts fit into a request. */
function below(place: RulePlace, uncorrelatable: string | undefined, count: number | undefined): RulePlace {
  const { cardinality } = place;
  return {
    ...place,
    uncorrelatable: place.uncorrelatable ?? uncorrelatable,
    cardinality: count === undefined || cardinality === undefined ? undefined : cardinality * count,
  };
}

function isSchema(value: unknown): value is V1JSONSchemaProps {
  return isRecord(value);
}

/** Of an object's own metadata a definition may restrict names, and of an embedded object's everything. */
function checkMetadata(schema: V1JSONSchemaProps, path: string, root: boolean, errors: FieldError[]): void {
  for (const name of ['kind', 'apiVersion'] as const) {
    const type = getOwn(schema.properties, name)?.type;
    if (getOwn(schema.properties, name) && type !== 'string')
      errors.push(invalidValue(`${path}.properties[${name}].type`, type ?? '', 'must be string'));
  }
  if (root)
    for (const name of ['apiVersion', 'kind', 'metadata'])
      forbidDefaults(getOwn(schema.properties, name), `${path}.properties[${name}]`, name, errors);
  const metadata = getOwn(schema.properties, 'metadata');
  if (!metadata) return;
  const at = `${path}.properties[metadata]`;
  if (metadata.type !== 'object') errors.push(invalidValue(`${at}.type`, metadata.type ?? '', 'must be object'));
  if (!root) return;
  const { type: _type, properties, ...more } = metadata;
  const others = Object.keys(properties ?? {}).filter((name) => name !== 'name' && name !== 'generateName');
  if (others.length > 0 || Object.values(more).some(Boolean))
    errors.push(
      forbiddenField(
        at,
        'must not specify anything other than name and generateName, but metadata is implicitly specified',
      ),
    );
}

function forbidDefaults(schema: V1JSONSchemaProps | undefined, path: string, top: string, errors: FieldError[]): void {
  if (!schema) return;
  if (schema.default !== undefined)
    errors.push(forbiddenField(`${path}.default`, `must not be set in top-level ${top}`));
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    forbidDefaults(each, `${path}.properties[${name}]`, top, errors);
}

/** A default must be a value that the schema allows and knows all of. */
function checkDefaults(root: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  visitDefaults(structuralSchema(root, { preserveUnknownFields: false }), path, errors);
}

function visitDefaults(schema: Schema, path: string, errors: FieldError[], names: readonly string[] = []): void {
  if (schema.model !== undefined) return;
  if (schema.default !== undefined) {
    const out = unsafeNameIn(names);
    if (out)
      errors.push(
        forbiddenField(`${path}.default`, `must not be set at or below a field named ${out}: name the field otherwise`),
      );
    const value = structuredClone(schema.default);
    const [unknown] = prune(schema, value);
    if (unknown)
      errors.push(invalidValue(`${path}.default`, schema.default, `must not have unknown fields: ${unknown}`));
    const wrong = validateStructure(schema, value, `${path}.default`);
    // Its rules hold for it too: an object that leaves the field out would be refused for what it does not say.
    errors.push(...(wrong.length > 0 || unknown ? wrong : validateRules(schema, value, undefined, `${path}.default`)));
  }
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    visitDefaults(each, `${path}.properties[${name}]`, errors, [...names, name]);
  if (schema.items) visitDefaults(schema.items, `${path}.items`, errors, names);
  if (typeof schema.additionalProperties === 'object')
    visitDefaults(schema.additionalProperties, `${path}.additionalProperties`, errors, names);
}
