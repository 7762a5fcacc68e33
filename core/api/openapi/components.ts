// Schemas as OpenAPI writes them: models by reference, with their texts, list types and patch extensions.

import { getOwn, setOwn } from '../../machinery/own.ts';
import type { Schema } from '../../machinery/schema.ts';
import { idOfModel, modelRows, schemaOf } from '../models.ts';
import { zeroValueOf } from './zero-values.ts';

/** Texts by model id and field; a model's own under the empty key. */
type Descriptions = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

type Fragment = Record<string, unknown>;

export interface Components {
  /** A reference to a schema by its OpenAPI name. */
  refer(name: string): Fragment;
  /** A built-in model, by its OpenAPI name. */
  model(name: string, kinds: readonly GroupVersionKind[] | undefined): Fragment;
  /** The schema of a custom resource, written out. */
  custom(schema: Schema): Fragment;
  /** What was referred to so far, each once. */
  referred(): string[];
}

export interface ComponentOptions {
  readonly version: 2 | 3;
  readonly descriptions: Descriptions;
}

const machinery = 'io.k8s.apimachinery.pkg';
const quantityName = `${machinery}.api.resource.Quantity`;
const intOrStringName = `${machinery}.util.intstr.IntOrString`;
const timeName = `${machinery}.apis.meta.v1.Time`;
const microTimeName = `${machinery}.apis.meta.v1.MicroTime`;

/** The body of a patch. */
export const patchName = `${machinery}.apis.meta.v1.Patch`;

const special: Readonly<Record<string, string>> = {
  quantity: quantityName,
  'int-or-string': intOrStringName,
  'date-time': timeName,
  'micro-time': microTimeName,
};

const specialSchemas: Readonly<Record<string, { readonly 2: Fragment; readonly 3: Fragment }>> = {
  [quantityName]: {
    2: { description: 'A number with a unit, such as 100m or 1Gi.', type: 'string' },
    3: { description: 'A number with a unit, such as 100m or 1Gi.', oneOf: [{ type: 'string' }, { type: 'number' }] },
  },
  [intOrStringName]: {
    2: { description: 'A number or a string.', type: 'string', format: 'int-or-string' },
    3: {
      description: 'A number or a string.',
      format: 'int-or-string',
      oneOf: [{ type: 'integer' }, { type: 'string' }],
    },
  },
  [timeName]: both({ description: 'A point in time, as RFC 3339 writes it.', type: 'string', format: 'date-time' }),
  [microTimeName]: both({
    description: 'A point in time with microseconds, as RFC 3339 writes it.',
    type: 'string',
    format: 'date-time',
  }),
};

/** What is written as it is, by name. */
const simple: Readonly<Record<string, { readonly 2: Fragment; readonly 3: Fragment }>> = {
  ...specialSchemas,
  [patchName]: both({ description: 'A patch in one of the forms that the media type names.', type: 'object' }),
};

/** A model whose texts at apiVersion, kind and metadata are those of every type. */
const describesAll = 'V1ConfigMap';

const objectMetaName = `${machinery}.apis.meta.v1.ObjectMeta`;
/** What Kubernetes says at every field of this type, which the package leaves out as it does at all references. Its suite looks for it. */
const objectMetaText =
  "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

function both(schema: Fragment): { readonly 2: Fragment; readonly 3: Fragment } {
  return { 2: schema, 3: schema };
}

/** Keywords that Swagger 2 does not have, or that kubectl's reader of it refuses; and defaults, which Kubernetes leaves out of version 2. */
const onlyIn3 = new Set(['anyOf', 'default', 'oneOf', 'not', 'nullable', 'x-kubernetes-validations']);

export function componentsOf({ version, descriptions }: ComponentOptions): Components {
  const prefix = version === 3 ? '#/components/schemas/' : '#/definitions/';
  const referred = new Set<string>();

  const refer = (name: string): Fragment => {
    referred.add(name);
    return { $ref: prefix + name };
  };

  const textOf = (name: string | undefined): string | undefined => {
    if (name === objectMetaName) return objectMetaText;
    const id = name && idOfModel(name);
    return id ? getOwn(descriptions, id)?.[''] : undefined;
  };

  const model: Components['model'] = (name, kinds) => {
    const known = getOwn(simple, name);
    if (known) return known[version];
    const id = idOfModel(name);
    if (!id) throw new Error(`there is no model ${name}`);
    const texts = getOwn(descriptions, id) ?? {};
    const schema = schemaOf(id);
    const facts = getOwn(modelRows(), id)?.facts;
    const properties = Object.entries(schema.properties ?? {}).map(([field, each]) => {
      const written = value(each);
      const publishesZero = getOwn(facts, field)?.publishesZero ?? schema.required?.includes(field);
      const zero = version === 3 && publishesZero ? zeroValueOf(each) : undefined;
      if (zero !== undefined && !('$ref' in written) && !('allOf' in written)) written['default'] ??= zero;
      // The package keeps no text at a field that refers to a model: the model's own says what it is.
      const text = getOwn(texts, field) ?? textOf(each.model ?? each.items?.model);
      if (!text) return [field, written];
      return [field, { description: text, ...(version === 3 && '$ref' in written ? { allOf: [written] } : written) }];
    });
    return {
      ...(texts[''] && { description: texts[''] }),
      type: 'object',
      ...(schema.required && { required: schema.required }),
      properties: Object.fromEntries(properties),
      ...(schema['x-kubernetes-map-type'] && { 'x-kubernetes-map-type': schema['x-kubernetes-map-type'] }),
      ...(kinds && { 'x-kubernetes-group-version-kind': kinds }),
    };
  };

  const value = (schema: Schema): Fragment => {
    const name = schema.model ?? getOwn(special, schema.format ?? '');
    if (name) return withFacts(refer(name), schema);
    if (schema['x-kubernetes-preserve-unknown-fields']) return { type: 'object' };
    const { items, additionalProperties, default: _default, 'x-kubernetes-map-type': mapType, ...rest } = schema;
    return {
      ...rest,
      ...(version === 3 && isScalar(schema.default) && { default: schema.default }),
      ...(items && { items: value(items) }),
      ...(typeof additionalProperties === 'object' && { additionalProperties: value(additionalProperties) }),
      ...(mapType && { 'x-kubernetes-map-type': mapType }),
    };
  };

  /** What stands beside a reference: in version 3 that needs an allOf, in 2 the readers take it as it is. */
  const withFacts = (reference: Fragment, schema: Schema): Fragment => {
    const facts: Fragment = {
      ...(version === 3 && isScalar(schema.default) && { default: schema.default }),
      ...(schema['x-kubernetes-patch-strategy'] && {
        'x-kubernetes-patch-strategy': schema['x-kubernetes-patch-strategy'],
      }),
      ...(schema['x-kubernetes-map-type'] === 'granular' && { 'x-kubernetes-map-type': 'granular' }),
    };
    if (Object.keys(facts).length === 0) return reference;
    return version === 3 ? { allOf: [reference], ...facts } : { ...reference, ...facts };
  };

  const inline = (schema: Schema): Fragment => {
    if (schema.model) return refer(schema.model);
    const result: Fragment = {};
    for (const [key, each] of Object.entries(schema)) {
      if (version === 2 && onlyIn3.has(key)) continue;
      setOwn(result, key, inlineKeyword(key, each));
    }
    if (version === 2 && schema['x-kubernetes-preserve-unknown-fields']) {
      // A reader of version 2 would drop what the properties do not name.
      delete result['properties'];
      delete result['items'];
    }
    return result;
  };

  const inlineKeyword = (key: string, each: unknown): unknown => {
    // The casts follow the types that Schema gives these keywords.
    switch (key) {
      case 'properties':
        return Object.fromEntries(
          Object.entries(each as Record<string, Schema>).map(([name, property]) => [name, inline(property)]),
        );
      case 'items':
      case 'not':
        return inline(each as Schema);
      case 'additionalProperties':
        return typeof each === 'object' ? inline(each as Schema) : each;
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
        return (each as Schema[]).map(inline);
      default:
        return each;
    }
  };

  /** What every type has is described as everywhere; kubectl takes a version 2 that names fields for one that allows no others. */
  const custom = (schema: Schema): Fragment => {
    if (version === 2 && schema['x-kubernetes-preserve-unknown-fields']) return { type: 'object' };
    const texts = getOwn(descriptions, describesAll) ?? {};
    const properties = Object.entries(schema.properties ?? {}).map(([field, each]) => {
      const shared = field === 'apiVersion' || field === 'kind' || field === 'metadata';
      const text = shared ? (getOwn(texts, field) ?? textOf(each.model)) : undefined;
      const written = inline(each);
      if (text === undefined) return [field, written];
      return [field, { description: text, ...(version === 3 && '$ref' in written ? { allOf: [written] } : written) }];
    });
    return { ...inline(schema), properties: Object.fromEntries(properties) };
  };

  return { refer, model, custom, referred: () => [...referred] };
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null);
}

/** The OpenAPI name of a built-in kind's model, or the name that a custom resource's gets. */
export function componentName(schema: Schema, { group, version, kind }: GroupVersionKind): string {
  return schema.model ?? `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** Whether a model of this OpenAPI name is there. */
export function hasModel(name: string): boolean {
  const id = idOfModel(name);
  return id !== undefined && Object.hasOwn(modelRows(), id);
}
