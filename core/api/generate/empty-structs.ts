// The client package calls a struct without fields anything. What is published says that it is an object, which has none.

import type { FieldType, Model } from './read-models.ts';
import { isMessage, type Published, type PublishedMessage, placeOf } from './read-published.ts';

/** `message`: what is published of the model. */
export function withEmptyStructs(model: Model, message: PublishedMessage | undefined, published: Published): Model {
  if (!message || !Object.values(model.fields).includes('any')) return model;
  const empty = published
    .fieldsInJson(message)
    .filter(({ type, cardinality }) => cardinality === 'one' && isMessage(type))
    .filter(({ type, home }) => published.find(...placeOf(type, home))?.fields.length === 0)
    .map(({ name }) => name);
  const fields = Object.entries(model.fields).map(([name, type]): [string, FieldType] => [
    name,
    type === 'any' && empty.includes(name) ? 'empty' : type,
  ]);
  return { ...model, fields: Object.fromEntries(fields) };
}
