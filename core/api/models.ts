// Built-in models as Schema objects: the generated rows joined with the tables of tables/. A model's Schema is made on first
// use and shared by everything that refers to it, so a recursive model (JSONSchemaProps) is a cycle.

import { createHash } from 'node:crypto';
import { modelsText } from '../../generated/models.ts';
import generated from '../../generated/resources.json' with { type: 'json' };
import { parseJson } from '../machinery/json.ts';
import type { Json } from '../machinery/object.ts';
import { getOwn, setOwn } from '../machinery/own.ts';
import type { GoFields, Schema } from '../machinery/schema.ts';
import type { Kind } from './kind.ts';
import { defaults, zeroIsUnset } from './tables/defaults.ts';
import { enums } from './tables/enums.ts';
import { goFieldRows } from './tables/go-fields.ts';
import { listTypes } from './tables/list-types.ts';
import { atomicMaps, atomicModels, granularFields } from './tables/map-types.ts';
import { patchMergeKeys } from './tables/patch-merge-keys.ts';
import { quantities } from './tables/quantities.ts';
import { requiredPointers, zeroThoughOptional } from './tables/zero-values.ts';

export interface ModelRow {
  /** OpenAPI name, such as `io.k8s.api.core.v1.Pod`. */
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly required: readonly string[];
}

/** A version of a type, with what its folder in core/kinds declares. */
export interface ResourceRow extends Omit<Kind, 'versions'> {
  readonly version: string;
  readonly resource: string;
  readonly model: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  /** `model`: the OpenAPI name of what is sent there. */
  readonly subresources: Readonly<Record<string, { readonly verbs: readonly string[]; readonly model?: string }>>;
}

let parsed: Readonly<Record<string, ModelRow>> | undefined;

/** By id (`V1Pod`). Read with the first call: a function that serves stored bytes as they are needs none of them. */
export function modelRows(): Readonly<Record<string, ModelRow>> {
  parsed ??= parseJson(modelsText) as Readonly<Record<string, ModelRow>>; // as: the generator writes them so.
  return parsed;
}

// The compiler infers a type of its own for each of hundreds of rows; the generator writes them all in one shape.
export const resourceRows = generated.resources as unknown as readonly ResourceRow[];

/** Changes when the built-in models or our tables do: what documents made of them are cached under. */
export function fingerprintOfModels(): string {
  const tables = [
    listTypes,
    patchMergeKeys,
    enums,
    defaults,
    [...atomicMaps, ...atomicModels, ...granularFields, ...quantities, ...zeroThoughOptional, ...requiredPointers],
  ];
  return createHash('sha256')
    .update(JSON.stringify([generated.source, tables]))
    .digest('hex');
}

type Draft = { -readonly [K in keyof Schema]: Schema[K] };

const made = new Map<string, Schema>();
/** Field schemas that add facts to a model's: filled in once that model's own is whole. */
const pending: { draft: Draft; model: string; facts: Schema }[] = [];
const idsByName = new Map<string, string>();

/** The Schema of a model by its id (`V1Pod`). Throws for a model that is not there: the callers name constants. */
export function schemaOf(id: string): Schema {
  const schema = build(id);
  for (let next = pending.pop(); next; next = pending.pop()) {
    Object.assign(next.draft, build(next.model), next.facts);
  }
  return schema;
}

/** The id (`V1Pod`) of an OpenAPI name. */
export function idOfModel(name: string): string | undefined {
  if (idsByName.size === 0) for (const [id, row] of Object.entries(modelRows())) idsByName.set(row.name, id);
  return idsByName.get(name);
}

function build(id: string): Schema {
  const known = made.get(id);
  if (known) return known;
  const row = getOwn(modelRows(), id);
  if (!row) throw new Error(`there is no model ${id}`);
  const draft: Draft = { model: row.name, type: 'object' };
  made.set(id, draft);
  const properties: Record<string, Schema> = {};
  for (const [field, type] of Object.entries(row.fields)) {
    setOwn(properties, field, fieldSchema(`${id}.${field}`, type));
  }
  draft.properties = properties;
  if (row.required.length > 0) draft.required = row.required;
  const go = goFieldsOf(id, properties);
  if (go) draft.go = go;
  if (zeroIsUnset.has(row.name)) draft.zeroIsUnset = true;
  if (atomicModels.has(id)) draft['x-kubernetes-map-type'] = 'atomic';
  // The package calls it anything, for JSON Schema also allows an array here; a structural schema does not.
  if (id === 'V1JSONSchemaProps') draft.properties = { ...properties, items: draft };
  return scoped(id, draft);
}

let goRows: ReadonlyMap<string, string> | undefined;

function goFieldsOf(id: string, properties: Readonly<Record<string, Schema>>): GoFields | undefined {
  goRows ??= new Map(
    goFieldRows
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf(' ')), line]),
  );
  const row = goRows.get(id);
  if (row === undefined) return undefined;
  const groups = new Map(
    row
      .split(' ')
      .slice(1)
      .map((group) => group.split('=') as [string, string]),
  );
  const names = (group: string) => groups.get(group)?.split(',') ?? [];
  return {
    omitted: new Set(names('omitted')),
    nil: new Set(names('nil')),
    always: [
      ...names('zero').map((name) => ({ name, zero: zeros.get(getOwn(properties, name)?.type ?? '') ?? '' })),
      ...names('struct').map((name) => ({ name, zero: 'struct' as const })),
      ...names('nil').map((name) => ({ name, zero: null })),
    ],
  };
}

const zeros: ReadonlyMap<string, '' | 0 | false> = new Map<string, '' | 0 | false>([
  ['integer', 0],
  ['number', 0],
  ['boolean', false],
]);

function fieldSchema(key: string, type: string): Schema {
  const facts = factsOf(key, type);
  const base = type.replace(/^[[{]+/, '');
  if (/^[A-Z]/.test(base) && base === type) {
    if (!facts) return build(base);
    const draft: Draft = {};
    pending.push({ draft, model: base, facts });
    return draft;
  }
  const plain = typeSchema(key, type);
  return facts ? { ...plain, ...facts } : plain;
}

function typeSchema(key: string, type: string): Schema {
  if (type.startsWith('['))
    return share(`[${type}${kindOfLeaf(key)}`, () => ({ type: 'array', items: leaf(key, type.slice(1)) }));
  if (type.startsWith('{')) {
    return share(`{${type}${kindOfLeaf(key)}`, () => ({
      type: 'object',
      additionalProperties: leaf(key, type.slice(1)),
    }));
  }
  return leaf(key, type);
}

function leaf(key: string, type: string): Schema {
  if (type.startsWith('[') || type.startsWith('{')) return typeSchema(key, type);
  if (/^[A-Z]/.test(type)) return build(type);
  if (quantities.has(key)) return quantity;
  const values = getOwn(enums, key);
  if (values) return { type: 'string', enum: values };
  return getOwn(primitives, type) ?? refuse(type);
}

function kindOfLeaf(key: string): string {
  if (quantities.has(key)) return 'quantity';
  return Object.hasOwn(enums, key) ? key : '';
}

const sharedSchemas = new Map<string, Schema>();

function share(key: string, make: () => Schema): Schema {
  const known = sharedSchemas.get(key);
  if (known) return known;
  const schema = make();
  sharedSchemas.set(key, schema);
  return schema;
}

const quantity: Schema = { type: 'string', format: 'quantity' };

const primitives: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  'string:byte': { type: 'string', format: 'byte' },
  'string:date-time': { type: 'string', format: 'date-time' },
  'string:micro-time': { type: 'string', format: 'micro-time' },
  'integer:int32': { type: 'integer', format: 'int32' },
  'integer:int64': { type: 'integer', format: 'int64' },
  'number:double': { type: 'number', format: 'double' },
  boolean: { type: 'boolean' },
  'int-or-string': { format: 'int-or-string', 'x-kubernetes-int-or-string': true },
  any: { 'x-kubernetes-preserve-unknown-fields': true },
};

function refuse(type: string): never {
  throw new Error(`the generated rows use an unknown type ${type}`);
}

function factsOf(key: string, type: string): Schema | undefined {
  const facts: Draft = {};
  const list = getOwn(listTypes, key);
  if (list === 'set') facts['x-kubernetes-list-type'] = 'set';
  else if (list) {
    facts['x-kubernetes-list-type'] = 'map';
    facts['x-kubernetes-list-map-keys'] = list;
  } else if (type.startsWith('[')) facts['x-kubernetes-list-type'] = 'atomic';
  const patch = getOwn(patchMergeKeys, key);
  if (patch) {
    const [strategy, mergeKey] = patch.split(' ');
    facts['x-kubernetes-patch-strategy'] = strategy!;
    if (mergeKey) facts['x-kubernetes-patch-merge-key'] = mergeKey;
  }
  if (granularFields.has(key)) facts['x-kubernetes-map-type'] = 'granular';
  if (atomicMaps.has(key)) facts['x-kubernetes-map-type'] = 'atomic';
  const value = getOwn(defaults, key);
  if (value !== undefined) facts.default = value;
  return Object.keys(facts).length > 0 ? facts : undefined;
}

const scopedDefaults = Object.entries(defaults).filter(([key]) => key.split('.').length > 2);

/** Applies the rows that name a path under this kind, on copies of the schemas along it. */
function scoped(id: string, schema: Draft): Schema {
  for (const [key, value] of scopedDefaults) {
    const [model, ...path] = key.split('.');
    if (model === id) Object.assign(schema, withDefault(schema, path, value));
  }
  return schema;
}

function withDefault(schema: Schema, [field, ...rest]: readonly string[], value: Json): Schema {
  const own = field === undefined ? undefined : getOwn(schema.properties, field);
  if (field === undefined || !own) throw new Error(`a default names the unknown field ${field}`);
  const next = rest.length === 0 ? { ...own, default: value } : withDefault(own, rest, value);
  return { ...schema, properties: { ...schema.properties, [field]: next } };
}
