// allOf, anyOf, oneOf and not of a structural schema: they may only restrict values, and only of fields that are specified outside of them.
// Source: KEP-1027, "Specifying a structural schema" of CustomResourceDefinitions.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import { deepEqual } from '../../../machinery/equality.ts';
import { type FieldError, forbiddenField, required } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';
import { checkPattern } from './pattern.ts';

export function checkBranches(schema: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  visitBranches(schema, path, isIntOrString(schema), isIntOrString(schema.allOf?.[0]), errors);
}

/** The one pattern in which branches name types: `x-kubernetes-int-or-string` written out. */
const integerOrString = [{ type: 'integer' }, { type: 'string' }];

function isIntOrString(schema: V1JSONSchemaProps | undefined): boolean {
  return deepEqual(schema?.anyOf, integerOrString);
}

function visitBranches(
  { allOf, anyOf, oneOf, not }: V1JSONSchemaProps,
  path: string,
  skipAnyOf: boolean,
  skipFirstAllOf: boolean,
  errors: FieldError[],
): void {
  if (!skipAnyOf)
    anyOf?.forEach((each, index) => {
      checkBranch(each, `${path}.anyOf[${index}]`, false, errors);
    });
  allOf?.forEach((each, index) => {
    checkBranch(each, `${path}.allOf[${index}]`, skipFirstAllOf && index === 0, errors);
  });
  oneOf?.forEach((each, index) => {
    checkBranch(each, `${path}.oneOf[${index}]`, false, errors);
  });
  if (not) checkBranch(not, `${path}.not`, false, errors);
}

/** Keywords that say what a field is, with what they must be in a branch. */
const outside = [
  ['type', 'empty'],
  ['additionalProperties', 'undefined'],
  ['default', 'undefined'],
  ['title', 'empty'],
  ['description', 'empty'],
  ['nullable', 'false'],
  ['x-kubernetes-preserve-unknown-fields', 'false'],
  ['x-kubernetes-embedded-resource', 'false'],
  ['x-kubernetes-int-or-string', 'false'],
  ['x-kubernetes-list-map-keys', 'empty'],
  ['x-kubernetes-list-type', 'undefined'],
  ['x-kubernetes-map-type', 'undefined'],
  ['x-kubernetes-validations', 'empty'],
] as const;

function checkBranch(schema: V1JSONSchemaProps, path: string, skipAnyOf: boolean, errors: FieldError[]): void {
  visitBranches(schema, path, skipAnyOf, false, errors);
  if (schema.pattern !== undefined) checkPattern(schema.pattern, path, errors);
  if (isRecord(schema.items)) checkBranch(schema.items as V1JSONSchemaProps, `${path}.items`, false, errors);
  for (const [name, each] of Object.entries(schema.properties ?? {}))
    checkBranch(each, `${path}.properties[${name}]`, false, errors);
  for (const [keyword, must] of outside) {
    const value: unknown = schema[keyword];
    const kept = must === 'empty' && Array.isArray(value) ? value.length > 0 : must === 'undefined' || Boolean(value);
    if (value !== undefined && kept)
      errors.push(forbiddenField(`${path}.${keyword}`, `must be ${must} to be structural`));
  }
  if (getOwn(schema.properties, 'metadata'))
    errors.push(forbiddenField(`${path}.properties[metadata]`, 'must not be specified in a nested context'));
}

/** What branches at the root restrict must be specified outside of them. */
export function checkCompleteness(root: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  completeBranches(root, root, path, path, errors);
}

function completeBranches(
  { allOf, anyOf, oneOf, not }: V1JSONSchemaProps,
  structural: V1JSONSchemaProps,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  if (not) complete(not, structural, path, `${at}.not`, errors);
  for (const [keyword, branches] of Object.entries({ allOf, anyOf, oneOf }))
    branches?.forEach((each, index) => {
      complete(each, structural, path, `${at}.${keyword}[${index}]`, errors);
    });
}

function complete(
  branch: V1JSONSchemaProps,
  structural: V1JSONSchemaProps | undefined,
  path: string,
  at: string,
  errors: FieldError[],
): void {
  if (!structural) {
    errors.push(required(path, `because it is defined in ${at}`));
    return;
  }
  completeBranches(branch, structural, path, at, errors);
  if (isRecord(branch.items)) {
    const items = isRecord(structural.items) ? (structural.items as V1JSONSchemaProps) : undefined;
    complete(branch.items as V1JSONSchemaProps, items, `${path}.items`, `${at}.items`, errors);
  }
  for (const [name, each] of Object.entries(branch.properties ?? {}))
    complete(
      each,
      getOwn(structural.properties, name),
      `${path}.properties[${name}]`,
      `${at}.properties[${name}]`,
      errors,
    );
}
