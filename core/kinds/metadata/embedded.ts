// Objects within custom resources (`x-kubernetes-embedded-resource`): what they say they are, and their metadata, are judged as those of
// an object by itself. Source: apiextensions, "Embedded resources".

import { type FieldError, invalidValue, required } from '../../machinery/field-error.ts';
import { dns1035Label, pathSegmentName, pathSegmentPrefix } from '../../machinery/names.ts';
import type { ObjectMeta } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Schema } from '../../machinery/schema.ts';
import { isRecord } from '../../machinery/structure/field-at.ts';
import { validateObjectMeta } from './validate.ts';

/** Of a value that its schema takes: types, and what must be there, were looked at with it. */
export function validateEmbedded(schema: Schema, value: unknown, path = ''): FieldError[] {
  if (!holdsEmbedded(schema)) return [];
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((each, index) => validateEmbedded(items, each, `${path}[${index}]`)) : [];
  }
  if (!isRecord(value)) return [];
  const errors = schema['x-kubernetes-embedded-resource'] ? validateResource(value, path) : [];
  const { properties, additionalProperties } = schema;
  for (const name of Object.keys(value)) {
    const own = getOwn(properties, name);
    const at = own ? (path ? `${path}.${name}` : name) : `${path}[${name}]`;
    const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (next) errors.push(...validateEmbedded(next, getOwn(value, name), at));
  }
  return errors;
}

function validateResource(
  { apiVersion, kind, metadata }: Readonly<Record<string, unknown>>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (apiVersion === '') errors.push(required(`${path}.apiVersion`));
  else if (typeof apiVersion === 'string' && apiVersion.split('/').length > 2)
    errors.push(invalidValue(`${path}.apiVersion`, apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  if (kind === '') errors.push(required(`${path}.kind`));
  else if (typeof kind === 'string') {
    const wrong = dns1035Label(kind.toLowerCase());
    if (wrong.length > 0)
      errors.push(
        invalidValue(`${path}.kind`, kind, `may have mixed case, but should otherwise match: ${wrong.join(',')}`),
      );
  }
  return isRecord(metadata) ? [...errors, ...validateMetadata(metadata, path)] : errors;
}

/** It may do without a name: what is made of it gets one. */
function validateMetadata(metadata: object, path: string): FieldError[] {
  const meta = metadata as Partial<ObjectMeta>; // of that type by its schema
  const rules = { namespaced: Boolean(meta.namespace), lenient: true };
  const errors = validateObjectMeta({ ...meta, name: meta.name || 'fakename' }, rules, (name, prefix) =>
    prefix ? pathSegmentPrefix(name) : pathSegmentName(name),
  );
  return errors.map((error) => ({ ...error, field: `${path}.${error.field}` }));
}

const answers = new WeakMap<Schema, boolean>();

/** Most definitions have none: their objects are not walked for it. */
function holdsEmbedded(schema: Schema): boolean {
  const known = answers.get(schema);
  if (known !== undefined) return known;
  // Built-in models, which are the metadata of all objects, hold none; and they may hold themselves.
  const below = schema.model === undefined ? childrenOf(schema) : [];
  const answer = schema['x-kubernetes-embedded-resource'] === true || below.some(holdsEmbedded);
  answers.set(schema, answer);
  return answer;
}

function childrenOf({ properties, additionalProperties, items }: Schema): Schema[] {
  return [
    ...Object.values(properties ?? {}),
    ...(typeof additionalProperties === 'object' ? [additionalProperties] : []),
    ...(items ? [items] : []),
  ];
}
