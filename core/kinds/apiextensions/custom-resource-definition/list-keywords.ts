// x-kubernetes-list-type, -list-map-keys and -map-type of a schema. Source: KEP-2906.

import type { V1JSONSchemaProps } from '../../../../generated/kubernetes.ts';
import {
  errorsOf,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { isRecord } from '../../../machinery/structure/field-at.ts';

export function checkListAndMap(schema: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType !== undefined) {
    typeMustBe(schema, 'object', 'must be object if x-kubernetes-map-type is specified', path, errors);
    if (mapType !== 'atomic' && mapType !== 'granular')
      errors.push(notSupported(`${path}.x-kubernetes-map-type`, mapType, ['atomic', 'granular']));
  }
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  const items = isRecord(schema.items) ? (schema.items as V1JSONSchemaProps) : undefined;
  if (listType !== undefined) {
    typeMustBe(schema, 'array', 'must be array if x-kubernetes-list-type is specified', path, errors);
    if (schema.type === 'array' && listType === 'set' && items) checkSet(items, `${path}.items`, errors);
    if (!['atomic', 'set', 'map'].includes(listType)) errors.push(notSupported(at, listType, ['atomic', 'set', 'map']));
  }
  if (keys.length > 0 && listType !== 'map') {
    const why = 'must be map if x-kubernetes-list-map-keys is non-empty';
    errors.push(listType === undefined ? required(at, why) : invalidValue(at, listType, why));
  }
  if (listType === 'map') checkMap(items, keys, path, errors);
  if (!items || (listType !== 'map' && listType !== 'set')) return;
  if (items.nullable)
    errors.push(
      forbiddenField(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`),
    );
  if (listType === 'map') checkPresence(items, keys, `${path}.items`, errors);
}

export function typeMustBe(
  { type }: V1JSONSchemaProps,
  wanted: string,
  why: string,
  path: string,
  errors: FieldError[],
): void {
  if (!type) errors.push(required(`${path}.type`, why));
  else if (type !== wanted) errors.push(invalidValue(`${path}.type`, type, why));
}

/** An item of a set is equal to another or is not: it has no parts that are merged. */
function checkSet(items: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  const keyword = items.type === 'array' ? 'x-kubernetes-list-type' : 'x-kubernetes-map-type';
  const value = items[keyword];
  const granular =
    (items.type === 'array' && value !== undefined && value !== 'atomic') ||
    (items.type === 'object' && value !== 'atomic');
  if (granular)
    errors.push(
      invalidValue(
        `${path}.${keyword}`,
        // Kubernetes shows the list type of either, and no value as this text.
        items['x-kubernetes-list-type'] ?? 'null',
        'must be atomic as item of a list with x-kubernetes-list-type=set',
      ),
    );
}

function checkMap(
  items: V1JSONSchemaProps | undefined,
  keys: readonly string[],
  path: string,
  errors: FieldError[],
): void {
  const at = `${path}.x-kubernetes-list-map-keys`;
  if (keys.length === 0) errors.push(required(at, 'must not be empty if x-kubernetes-list-type is map'));
  if (!items) {
    errors.push(required(`${path}.items`, 'must have a schema if x-kubernetes-list-type is map'));
    return;
  }
  if (items.type !== 'object') {
    errors.push(
      invalidValue(
        `${path}.items.type`,
        items.type ?? '',
        "must be object if parent array's x-kubernetes-list-type is map",
      ),
    );
    return;
  }
  const seen = new Set<string>();
  const told = new Set<string>();
  // Both show all keys, and are told once.
  const ofAll = (why: string) => (told.has(why) ? [] : [invalidValue(at, keys, why)]);
  for (const key of keys) {
    const property = getOwn(items.properties, key);
    const why = property ? undefined : 'entries must all be names of item properties';
    const wrong = [...(why ? [why] : []), ...(seen.has(key) ? ['must not contain duplicate entries'] : [])];
    if (property?.type === 'object' || property?.type === 'array')
      errors.push(
        invalidValue(
          `${path}.items.properties[${key}].type`,
          items.type,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
        ),
      );
    for (const each of wrong) {
      errors.push(...ofAll(each));
      told.add(each);
    }
    seen.add(key);
  }
}

/** What keys there are for an item, each item has. */
function checkPresence(items: V1JSONSchemaProps, keys: readonly string[], path: string, errors: FieldError[]): void {
  const demanded = new Set(items.required);
  const why = 'this property is in x-kubernetes-list-map-keys, so it';
  const ofKeys = errorsOf(new Set(keys), (key) => {
    const property = getOwn(items.properties, key);
    const at = `${path}.properties[${key}]`;
    const unset = property && !demanded.has(key) && (property.default === undefined || property.default === null);
    return [
      ...(unset ? [required(`${at}.default`, `${why} must have a default or be a required property`)] : []),
      ...(property?.nullable ? [forbiddenField(`${at}.nullable`, `${why} cannot be nullable`)] : []),
    ];
  });
  errors.push(...ofKeys);
}
