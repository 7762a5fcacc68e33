// What is known of a model beyond the client package: joins core/api/published and the kinds' fields.ts.

import type { Json } from '../../machinery/object.ts';
import { getOwn } from '../../machinery/own.ts';
import type { FieldFacts, Fields } from '../fields.ts';
import type { GoNames, ModelRow, RowFacts } from '../model-row.ts';
import type { Model } from './read-models.ts';
import { isMessage, type Published, type PublishedField, type PublishedMessage } from './read-published.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** Throws where fields.ts names a model or a field that is not there. */
export function modelFacts(
  id: string,
  model: Model,
  message: PublishedMessage | undefined,
  published: Published,
  own: Fields,
): Omit<ModelRow, 'name' | 'fields' | 'required'> {
  const declared = getOwn(own, id) ?? {};
  const fields = message ? published.fieldsInJson(message).filter(({ name }) => Object.hasOwn(model.fields, name)) : [];
  const facts = new Map<string, Draft<RowFacts>>();
  for (const field of fields) add(facts, field.name, factsOf(field, model.required.includes(field.name)));
  const defaults = new Map<string, Json>();
  for (const [path, { nil: _nil, ...fact }] of Object.entries(declared)) {
    if (!Object.hasOwn(model.fields, path.split('.')[0] ?? '')) throw new Error(`${id} has no field ${path}`);
    if (!path.includes('.')) add(facts, path, fact);
    else if (fact.default !== undefined) defaults.set(path, fact.default);
  }
  const go = goNames(fields, declared);
  return {
    ...(message?.atomic && { atomic: true }),
    ...(fields.some((field) => isPlainNumber(field) && getOwn(declared, field.name)?.default !== undefined) && {
      zeroIsUnset: true,
    }),
    ...(go && !isDocument(id) && { go }),
    ...(facts.size > 0 && { facts: Object.fromEntries(facts) }),
    ...(defaults.size > 0 && { defaults: Object.fromEntries(defaults) }),
  };
}

/** Discovery documents, lists and events: the server writes them, nobody sends them. */
function isDocument(id: string): boolean {
  return /(?:List|WatchEvent|API(?:Group|Resource|Versions)\w*)$/.test(id);
}

function add(facts: Map<string, Draft<RowFacts>>, field: string, more: RowFacts): void {
  if (Object.keys(more).length > 0) facts.set(field, { ...facts.get(field), ...more });
}

function isPlainNumber({ type, cardinality, pointer }: PublishedField): boolean {
  return type === 'int' && cardinality === 'one' && !pointer;
}

function factsOf({ notes, type, pointer }: PublishedField, required: boolean): RowFacts {
  const facts: Draft<RowFacts> = {};
  for (const note of notes) {
    const [name = '', value = ''] = note.split('=');
    if (name === 'set') facts.list = 'set';
    else if (name === 'keys') facts.list = value.split(',');
    else if (name === 'patch') {
      const [strategy = '', key] = value.split(':');
      facts.patch = { strategy, ...(key && { key }) };
    } else if (name === 'atomic' || name === 'granular') facts.map = name;
    else if (name === 'empty' && !required) facts.publishesZero = true;
  }
  if (type === 'quantity') facts.quantity = true;
  if (required && pointer) facts.publishesZero = false;
  return facts;
}

const scalars = new Set(['string', 'bool', 'int', 'double']);

/** Of lists, maps and pointers that are always written, validation says that they are there; the others are declared `nil`. */
function goNames(
  fields: readonly PublishedField[],
  declared: Readonly<Record<string, FieldFacts>>,
): GoNames | undefined {
  const names = (group: keyof GoNames) =>
    fields
      .filter((field) => groupOf(field, getOwn(declared, field.name)?.nil ?? false) === group)
      .map(({ name }) => name);
  const go = Object.fromEntries(
    (['omitted', 'zero', 'struct', 'nil'] as const)
      .map((group) => [group, names(group)] as const)
      .filter(([, all]) => all.length > 0),
  );
  return Object.keys(go).length > 0 ? go : undefined;
}

function groupOf(
  { type, cardinality, pointer, always, notes }: PublishedField,
  nil: boolean,
): keyof GoNames | undefined {
  if (pointer) return always && nil ? 'nil' : undefined;
  if (notes.includes('omitzero')) return undefined;
  if (cardinality !== 'one' || type === 'bytes' || type === 'strings')
    return always ? (nil ? 'nil' : undefined) : 'omitted';
  if (scalars.has(type)) return always ? 'zero' : 'omitted';
  if (type === 'time' || type === 'microtime') return 'nil';
  return isMessage(type) ? 'struct' : undefined;
}
