// The types of a schema in expressions, with the sizes that its values may have. Source: k8s.io/apiserver, SchemaDeclType; KEP-2876,
// "Type checking".

import { getOwn } from '../../machinery/own.ts';
import type { Schema } from '../../machinery/schema.ts';
import type { StructType } from '../check/environment.ts';
import { celName } from '../names.ts';
import * as t from '../types/types.ts';

/** A schema as expressions see it. */
export interface Declared {
  readonly type: t.Type;
  /** The most characters or elements of a value; 0 for what has none. */
  readonly most: number;
  /** The bytes that the smallest value takes in a request. */
  readonly smallest: number;
  readonly fields?: ReadonlyMap<string, Declared>;
  readonly key?: Declared;
  readonly item?: Declared;
}

/** Bytes of a request: what has no bound is no larger. */
const requestBytes = 3 * 1024 * 1024;

/** How many values of a schema fit into a request. */
export function mostInRequest({ smallest }: Declared): number {
  return Math.floor(requestBytes / (smallest + 1));
}

/**
 * undefined: expressions see nothing of it. `root`: of a resource, whose apiVersion, kind and name are there always. Types of objects are
 * named by `name` and the way to them.
 */
export function declaredType(schema: Schema, name: string, root: boolean): Declared | undefined {
  return declare(schema, name, root, []);
}

/** The objects in a declaration. */
export function structsOf(declared: Declared): (name: string) => StructType | undefined {
  const structs = new Map<string, StructType>();
  const visit = (each: Declared | undefined): void => {
    if (!each) return;
    const { fields, type } = each;
    if (fields) structs.set(type.name, { name: type.name, field: (name) => fields.get(name)?.type });
    for (const field of fields?.values() ?? []) visit(field);
    visit(each.item);
  };
  visit(declared);
  return (name) => structs.get(name);
}

const scalar = (type: t.Type, smallest: number): Declared => ({ type, most: 0, smallest });
const text = (most = requestBytes - 2): Declared => ({ type: t.string, most, smallest: 2 });

function declare(schema: Schema, name: string, root: boolean, above: readonly Schema[]): Declared | undefined {
  if (schema['x-kubernetes-int-or-string']) {
    const most = schema.maxLength === undefined ? requestBytes - 2 : bounded(schema.maxLength) * 4;
    return { type: t.dyn, most, smallest: 1 };
  }
  // Only built-in models go in circles.
  if (above.includes(schema)) return scalar(t.dyn, 1);
  const within = [...above, schema];
  switch (root ? 'object' : schema.type) {
    case 'array': {
      const { items } = schema;
      const item = items && declare(items, `${name}.@idx`, isEmbedded(items), within);
      if (!item) return undefined;
      const most =
        schema.maxItems === undefined ? Math.floor((requestBytes - 2) / (item.smallest + 1)) : bounded(schema.maxItems);
      return { type: t.list(item.type), most, smallest: 2, item };
    }
    case 'object':
      return object(schema, name, root, within);
    case 'string':
      return string(schema);
    case 'boolean':
      return scalar(t.bool, 4);
    case 'number':
      return scalar(t.double, 1);
    case 'integer':
      return scalar(t.int, 1);
    default:
      return undefined;
  }
}

function isEmbedded(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

function bounded(value: number | bigint): number {
  return Math.max(0, Number(value));
}

function object(schema: Schema, name: string, root: boolean, within: readonly Schema[]): Declared | undefined {
  const { additionalProperties } = schema;
  if (!root && typeof additionalProperties === 'object') {
    const item = declare(additionalProperties, `${name}.@elem`, isEmbedded(additionalProperties), within);
    if (!item) return undefined;
    // `"":` and a comma around each value.
    const most =
      schema.maxProperties === undefined
        ? Math.floor((requestBytes - 2) / (item.smallest + 6))
        : bounded(schema.maxProperties);
    // Keys have no size in Kubernetes' estimates.
    return { type: t.map(t.string, item.type), most, smallest: 2, key: text(0), item };
  }
  const fields = new Map<string, Declared>();
  let smallest = 2;
  for (const [property, each] of Object.entries(schema.properties ?? {})) {
    const field = declare(each, `${name}.${property}`, isEmbedded(each), within);
    if (!field) continue;
    const known = celName(property);
    if (known !== undefined) fields.set(known, field);
    // What has a default need not be sent.
    if (schema.required?.includes(property) && each.default === undefined)
      smallest += property.length + field.smallest + 4;
  }
  if (root) {
    fields.set('apiVersion', text());
    fields.set('kind', text());
    const own = getOwn(schema.properties, 'metadata')?.properties ?? {};
    const names = ['name', 'generateName'] as const;
    const shown = names.map((each) => [each, string(getOwn(own, each) ?? { type: 'string' })] as const);
    fields.set('metadata', { type: t.struct(`${name}.metadata`), most: 0, smallest: 2, fields: new Map(shown) });
  }
  return { type: t.struct(name), most: 0, smallest, fields };
}

/** The longest text of a format, with its quotation marks. */
const formatSizes: ReadonlyMap<string, readonly [type: t.Type, most: number, smallest: number]> = new Map([
  ['duration', [t.duration, 32, 3]],
  ['date', [t.timestamp, 12, 12]],
  ['date-time', [t.timestamp, 32, 21]],
]);

function string({ format = '', maxLength, enum: values }: Schema): Declared {
  const timed = formatSizes.get(format);
  if (timed) return { type: timed[0], most: timed[1], smallest: timed[2] };
  if (format === 'byte')
    return { type: t.bytes, most: maxLength === undefined ? requestBytes - 2 : bounded(maxLength), smallest: 2 };
  // A character may take four bytes.
  if (maxLength !== undefined) return text(bounded(maxLength) * 4);
  if (!values?.length) return text();
  return text(Math.max(0, ...values.map((each) => (typeof each === 'string' ? Buffer.byteLength(each) : 0))));
}
