// Keywords of a schema, whatever its structure: which there are, what list and map types ask of them, and rules, which are compiled where all
// else is right. Source: apiextensions' validation of OpenAPI v3 schemas; KEP-2876, KEP-2906.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, notSupported } from '../../../machinery/field-error.ts';
import type { Int64 } from '../../../machinery/object.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { checkListAndMap } from './list-keywords.ts';
import { checkRules, checkRuleTexts, type RulePlace } from './validation-rules.ts';

/** Errors of rules are told after all others. */
export interface Found {
  readonly schema: FieldError[];
  readonly rules: FieldError[];
}

export interface Place extends RulePlace {
  /** Whether rules are compiled: not within branches, and not where the structure is wrong. */
  readonly compiles: boolean;
  /** Within the kind, version or metadata of a resource. */
  readonly insideMetadata: boolean;
  /** Why there may be no defaults; undefined where there may. */
  readonly noDefaults: string | undefined;
}

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const unsupported = ['id', 'additionalItems', 'patternProperties', 'definitions', 'dependencies', '$ref'] as const;
const metadataFields = new Set(['metadata', 'kind', 'apiVersion']);

export function checkKeywords(
  schema: V1JSONSchemaProps,
  path: string,
  place: Place,
  root: boolean,
  found: Found,
): void {
  const before = found.schema.length;
  const errors = found.schema;
  checkOwn(schema, path, place, errors);
  const embedded = schema['x-kubernetes-embedded-resource'] === true;
  const { items, properties, additionalProperties, not, allOf, oneOf, anyOf } = schema;
  const atomic = schema['x-kubernetes-map-type'] === 'atomic' ? path : undefined;
  if (
    Object.keys(properties ?? {}).length > 0 &&
    additionalProperties !== undefined &&
    // `true` allows what properties say already.
    additionalProperties !== true
  )
    errors.push(
      forbiddenField(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    );
  if (isSchema(additionalProperties)) {
    const at = below(place, atomic, countOf(schema.maxProperties));
    const inside = place.insideMetadata
      ? { ...at, noDefaults: 'inside additionalProperties applying to object metadata' }
      : at;
    checkKeywords(additionalProperties, `${path}.additionalProperties`, inside, false, found);
  }
  for (const [name, each] of Object.entries(properties ?? {})) {
    const at = below(place, atomic, 1);
    const ofResource = (root || embedded) && metadataFields.has(name);
    const inside = ofResource
      ? { ...at, insideMetadata: true, ...(root && { noDefaults: `in top-level ${name}` }) }
      : at;
    checkKeywords(each, `${path}.properties[${name}]`, inside, false, found);
  }
  const branch = { ...place, compiles: false };
  if (not) checkKeywords(not, `${path}.not`, branch, false, found);
  for (const [keyword, branches] of Object.entries({ allOf, oneOf, anyOf }))
    for (const [index, each] of (branches ?? []).entries())
      checkKeywords(each, `${path}.${keyword}[${index}]`, branch, false, found);
  if (isSchema(items)) {
    const listed = schema['x-kubernetes-list-type'] === 'map';
    const at = below(place, listed ? undefined : path, countOf(schema.maxItems));
    checkKeywords(items, `${path}.items`, at, false, found);
  }
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'));
  checkListAndMap(schema, path, errors);
  checkRuleTexts(schema, path, errors);
  // What they say of a wrong schema would help nobody.
  if (place.compiles && errors.length === before) checkRules(schema, path, place, root || embedded, found.rules);
}

function checkOwn(schema: V1JSONSchemaProps, path: string, place: Place, errors: FieldError[]): void {
  const { type } = schema;
  if (type && !types.includes(type)) errors.push(notSupported(`${path}.type`, type, types));
  if (schema.default !== undefined && schema.default !== null && place.noDefaults !== undefined)
    errors.push(forbiddenField(`${path}.default`, `must not be set ${place.noDefaults}`));
  for (const each of unsupported)
    if (schema[each] !== undefined && schema[each] !== '')
      errors.push(forbiddenField(`${path}.${each}`, `${each} is not supported`));
  if (type === 'null')
    errors.push(forbiddenField(`${path}.type`, 'type cannot be set to null, use nullable as an alternative'));
  if (Array.isArray(schema.items))
    errors.push(forbiddenField(`${path}.items`, 'items must be a schema object and not an array'));
  if (place.insideMetadata && schema['x-kubernetes-embedded-resource'])
    errors.push(forbiddenField(`${path}.x-kubernetes-embedded-resource`, 'must not be used inside of resource meta'));
  if (schema.uniqueItems)
    errors.push(
      forbiddenField(
        `${path}.uniqueItems`,
        'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
      ),
    );
}

function countOf(bound: Int64 | undefined): number | undefined {
  return bound === undefined ? undefined : Number(bound);
}

/** Below a list or map without a bound nothing is known of how often a rule runs, but that its parts fit into a request. */
function below(place: Place, uncorrelatable: string | undefined, count: number | undefined): Place {
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
