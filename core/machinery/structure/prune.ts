// Brings a decoded object into the shape of its schema: unknown fields go, nulls that mean "absent" go, and
// quantities and times of built-in types take their canonical form, as they do when Kubernetes decodes them.
// Source: KEP-2885 (field validation), structural schemas ("pruning", "defaulting and nullable").

import type { Schema } from '../../api/schema.ts';
import { getOwn, setOwn } from '../own.ts';
import { canonicalScalar } from './canonical-scalar.ts';
import { isRecord } from './field-at.ts';

const none: readonly string[] = [];

/**
 * Changes `object` in place. Returns what was removed as unknown, one `unknown field "spec.foo"` each (of a hundred), in the words
 * that clients know from Kubernetes; the caller warns, refuses or stays silent as `fieldValidation` says.
 */
export function prune(schema: Schema, object: unknown): readonly string[] {
  const found: string[] = [];
  visit(schema, object, undefined, found, false);
  return found.length > 0 ? found : none;
}

/** A path that is only written out when it is needed: most objects have nothing unknown. */
interface Path {
  readonly parent: Path | undefined;
  readonly step: string | number;
}

/** `within`: the value is part of a built-in model. */
function visit(schema: Schema, value: unknown, path: Path | undefined, found: string[], within: boolean): void {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items || isScalar(items)) return;
    for (let index = 0; index < value.length; index += 1)
      visit(items, value[index], { parent: path, step: index }, found, within);
    return;
  }
  if (!isRecord(value)) return;
  const { properties, additionalProperties } = schema;
  if (!properties && additionalProperties === undefined) {
    // A schema that says nothing about its fields: free-form for a built-in type, empty for a custom resource.
    if (schema.type === 'object' && !schema['x-kubernetes-preserve-unknown-fields']) removeAll(value, path, found);
    return;
  }
  const builtIn = within || schema.model !== undefined;
  for (const name in value) {
    const own = getOwn(properties, name);
    const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (!next) {
      if (additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields']) continue;
      tell(found, path, name);
      delete value[name];
      continue;
    }
    const field = value[name];
    if (field === null) {
      if (own && isAbsent(own, builtIn)) delete value[name];
      else if (!own && builtIn && next.type === 'string') setOwn(value, name, '');
    } else if (typeof field === 'object') visit(next, field, { parent: path, step: name }, found, builtIn);
    else if (builtIn && next.format !== undefined) setOwn(value, name, canonicalScalar(next.format, field));
  }
}

/** Go decodes null to a field's zero value; in a custom resource null gives way to a default where null is not allowed. */
function isAbsent(schema: Schema, builtIn: boolean): boolean {
  if (schema.nullable) return false;
  if (builtIn) return !schema['x-kubernetes-preserve-unknown-fields'];
  return schema.default !== undefined;
}

function isScalar({ type }: Schema): boolean {
  return type !== undefined && type !== 'object' && type !== 'array';
}

function removeAll(value: Record<string, unknown>, path: Path | undefined, found: string[]): void {
  for (const name of Object.keys(value)) {
    tell(found, path, name);
    delete value[name];
  }
}

/** As Kubernetes' decoder: what is beyond tells nobody more. */
const mostTold = 100;

function tell(found: string[], parent: Path | undefined, step: string): void {
  if (found.length < mostTold) found.push(`unknown field "${written({ parent, step })}"`);
}

function written(path: Path): string {
  const own = typeof path.step === 'number' ? `[${path.step}]` : path.step;
  if (!path.parent) return own;
  return typeof path.step === 'number' ? written(path.parent) + own : `${written(path.parent)}.${own}`;
}
