// Built-in models as Schema objects, from the generated rows. A model's Schema is made on first use and shared by everything that refers
// to it, so a recursive model (JSONSchemaProps) is a cycle.

import { createHash } from 'node:crypto';
import { modelsText } from '../../generated/models.ts';
import generated from '../../generated/resources.json' with { type: 'json' };
import { jsonValue } from '../machinery/json-names.ts';
import type { Json } from '../machinery/object.ts';
import { getOwn, setOwn } from '../machinery/own.ts';
import type { GoFields, Schema } from '../machinery/schema.ts';
import type { Kind } from './kind.ts';
import type { GoNames, ModelRow, RowFacts } from './model-row.ts';

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
  // No number of theirs is long, so that nothing need be looked for in a text that every start reads.
  parsed ??= jsonValue(modelsText) as Readonly<Record<string, ModelRow>>; // as: the generator writes them so.
  return parsed;
}

// The compiler infers a type of its own for each of hundreds of rows; the generator writes them all in one shape.
export const resourceRows = generated.resources as unknown as readonly ResourceRow[];

/** Changes when the built-in models or what is known of them do: what documents made of them are cached under. */
export function fingerprintOfModels(): string {
  return createHash('sha256').update(generated.source).update(modelsText).digest('hex');
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
    setOwn(properties, field, fieldSchema(type, getOwn(row.facts, field) ?? {}));
  }
  draft.properties = properties;
  if (row.required.length > 0) draft.required = row.required;
  const go = row.go && goFieldsOf(row.go, properties);
  if (go) draft.go = go;
  if (row.zeroIsUnset) draft.zeroIsUnset = true;
  if (row.atomic) draft['x-kubernetes-map-type'] = 'atomic';
  // The package calls it anything, for JSON Schema also allows an array here; a structural schema does not.
  if (id === 'V1JSONSchemaProps') draft.properties = { ...properties, items: draft };
  for (const [path, value] of Object.entries(row.defaults ?? {}))
    Object.assign(draft, withDefault(draft, path.split('.'), value));
  return draft;
}

function goFieldsOf(go: GoNames, properties: Readonly<Record<string, Schema>>): GoFields {
  const { omitted = [], zero = [], struct = [], nil = [] } = go;
  return {
    omitted: new Set(omitted),
    nil: new Set(nil),
    always: [
      ...zero.map((name) => ({ name, zero: zeros.get(getOwn(properties, name)?.type ?? '') ?? '' })),
      ...struct.map((name) => ({ name, zero: 'struct' as const })),
      ...nil.map((name) => ({ name, zero: null })),
    ],
  };
}

const zeros: ReadonlyMap<string, '' | 0 | false> = new Map<string, '' | 0 | false>([
  ['integer', 0],
  ['number', 0],
  ['boolean', false],
]);

function fieldSchema(type: string, known: RowFacts): Schema {
  const facts = factsOf(known, type);
  const base = type.replace(/^[[{]+/, '');
  if (/^[A-Z]/.test(base) && base === type) {
    if (!facts) return build(base);
    const draft: Draft = {};
    pending.push({ draft, model: base, facts });
    return draft;
  }
  const plain = typeSchema(type, known);
  return facts ? { ...plain, ...facts } : plain;
}

function typeSchema(type: string, known: RowFacts): Schema {
  if (type.startsWith('['))
    return share(`[${type}${kindOfLeaf(known)}`, () => ({ type: 'array', items: leaf(type.slice(1), known) }));
  if (type.startsWith('{')) {
    return share(`{${type}${kindOfLeaf(known)}`, () => ({
      type: 'object',
      additionalProperties: leaf(type.slice(1), known),
    }));
  }
  return leaf(type, known);
}

function leaf(type: string, known: RowFacts): Schema {
  if (type.startsWith('[') || type.startsWith('{')) return typeSchema(type, known);
  if (/^[A-Z]/.test(type)) return build(type);
  if (known.quantity) return quantity;
  if (known.enum) return { type: 'string', enum: known.enum };
  return getOwn(primitives, type) ?? refuse(type);
}

function kindOfLeaf({ quantity: isQuantity, enum: values }: RowFacts): string {
  return isQuantity ? 'quantity' : (values?.join(',') ?? '');
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
  empty: { type: 'object', properties: {} },
};

function refuse(type: string): never {
  throw new Error(`the generated rows use an unknown type ${type}`);
}

function factsOf({ list, patch, map, default: value }: RowFacts, type: string): Schema | undefined {
  const facts: Draft = {};
  if (list === 'set') facts['x-kubernetes-list-type'] = 'set';
  else if (list) {
    facts['x-kubernetes-list-type'] = 'map';
    facts['x-kubernetes-list-map-keys'] = list;
  } else if (type.startsWith('[')) facts['x-kubernetes-list-type'] = 'atomic';
  if (patch) facts['x-kubernetes-patch-strategy'] = patch.strategy;
  if (patch?.key) facts['x-kubernetes-patch-merge-key'] = patch.key;
  if (map) facts['x-kubernetes-map-type'] = map;
  if (value !== undefined) facts.default = value;
  return Object.keys(facts).length > 0 ? facts : undefined;
}

function withDefault(schema: Schema, [field, ...rest]: readonly string[], value: Json): Schema {
  const own = field === undefined ? undefined : getOwn(schema.properties, field);
  if (field === undefined || !own) throw new Error(`a default names the unknown field ${field}`);
  const next = rest.length === 0 ? { ...own, default: value } : withDefault(own, rest, value);
  return { ...schema, properties: { ...schema.properties, [field]: next } };
}
