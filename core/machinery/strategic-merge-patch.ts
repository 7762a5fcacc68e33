// Strategic merge patch: a merge patch that knows which lists merge, by which key, and takes directives.
// Source: SIG API machinery "strategic merge patch" (directives, ordering); only built-in types have it.

import { getOwn, setOwn } from './own.ts';
import type { Schema } from './schema.ts';
import { badRequest } from './status.ts';
import { identityText, insertUnpatched, orderByPlaces, placesOf } from './strategic-order.ts';

/** The object after the patch; unchanged parts are the same references. Fails with BadRequest for a patch that cannot apply. */
export function applyStrategicMergePatch(schema: Schema, original: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('a strategic merge patch is an object: send the fields to change');
  return mergeMap(schema, isRecord(original) ? original : {}, patch, '');
}

type Fields = Readonly<Record<string, unknown>>;

const directive = '$patch';
const retainKeys = '$retainKeys';
const deleteFromPrimitiveList = '$deleteFromPrimitiveList/';
const setElementOrder = '$setElementOrder/';

function mergeMap(schema: Schema, original: Fields, patch: Fields, path: string): Fields {
  switch (patch[directive]) {
    case undefined:
      break;
    case 'replace': {
      const { [directive]: _, ...rest } = patch;
      return rest;
    }
    case 'delete':
      return {};
    default:
      throw badRequest(
        `${path || 'the patch'}: unknown ${directive} ${JSON.stringify(patch[directive])}: use replace or delete`,
      );
  }

  const result: Record<string, unknown> = retained(original, patch, path);
  for (const [key, value] of Object.entries(patch)) {
    if (key === retainKeys || key.startsWith(setElementOrder)) continue;
    if (key.startsWith(deleteFromPrimitiveList)) {
      deletePrimitives(result, key.slice(deleteFromPrimitiveList.length), value, path);
      continue;
    }
    const at = path ? `${path}.${key}` : key;
    const before = getOwn(result, key);
    if (value === null) delete result[key];
    else
      setOwn(result, key, mergeValue(propertyOf(schema, key), before, value, getOwn(patch, setElementOrder + key), at));
  }
  for (const [key, order] of Object.entries(patch)) {
    if (!key.startsWith(setElementOrder)) continue;
    const name = key.slice(setElementOrder.length);
    const list = getOwn(result, name);
    if (Object.hasOwn(patch, name) || !Array.isArray(list)) continue;
    const field = propertyOf(schema, name);
    if (merges(field)) setOwn(result, name, mergeList(field, list, [], order, path ? `${path}.${name}` : name));
  }
  return result;
}

function mergeValue(schema: Schema, before: unknown, value: unknown, order: unknown, path: string): unknown {
  if (isRecord(value)) {
    // A strategy of `replace` on a map takes the patch's value as it is.
    const base = isRecord(before) && !strategies(schema).includes('replace') ? before : {};
    return mergeMap(schema, base, value, path);
  }
  if (!Array.isArray(value)) return value;
  if (merges(schema)) return mergeList(schema, Array.isArray(before) ? before : [], value, order, path);
  return value.map((item) => (isRecord(item) ? withoutDirectives(schema.items ?? {}, item, path) : item));
}

function mergeList(
  schema: Schema,
  original: readonly unknown[],
  patch: readonly unknown[],
  order: unknown,
  path: string,
): unknown[] {
  if (order !== undefined && !Array.isArray(order)) throw badRequest(`${path}: ${setElementOrder} must be a list`);
  const items = [...original, ...patch];
  if (items.length === 0) return [];
  if (!items.some(isRecord)) {
    const merged = [...new Set(items)];
    return arrange(merged, patch, order, original, (item) => item, path);
  }
  if (!items.every(isRecord)) throw badRequest(`${path}: the items of the list and of the patch must all be objects`);
  const key = schema['x-kubernetes-patch-merge-key'];
  if (key === undefined) throw badRequest(`${path}: this list has no merge key: replace it with a JSON patch`);

  const { merged, sent, replaced } = mergeItems(
    schema.items ?? {},
    original.filter(isRecord),
    patch.filter(isRecord),
    key,
    path,
  );
  return replaced ? [...merged] : arrange(merged, sent, order, original, (item) => keyOf(item, key), path);
}

interface MergedItems {
  readonly merged: readonly Fields[];
  /** The items of the patch that are no directives. */
  readonly sent: readonly Fields[];
  readonly replaced: boolean;
}

function mergeItems(
  itemSchema: Schema,
  original: readonly Fields[],
  patch: readonly Fields[],
  key: string,
  path: string,
): MergedItems {
  const sent: Fields[] = [];
  const deleted = new Set<string>();
  let replaced = false;
  for (const item of patch) {
    switch (item[directive]) {
      case undefined:
        sent.push(item);
        break;
      case 'replace': {
        const { [directive]: _, ...rest } = item;
        replaced = true;
        // The directive stands alone, or on an item that belongs to the new list.
        if (Object.keys(rest).length > 0) sent.push(rest);
        break;
      }
      case 'delete':
        deleted.add(identityText(requireKey(item, key, path)));
        break;
      default:
        throw badRequest(
          `${path}: unknown ${directive} ${JSON.stringify(item[directive])} in a list: use replace or delete`,
        );
    }
  }
  const fresh = (item: Fields) => mergeMap(itemSchema, {}, item, path);
  if (replaced) return { merged: sent.map(fresh), sent, replaced };

  const merged = original.filter((item) => !deleted.has(identityText(keyOf(item, key))));
  const places = new Map(placesOf(merged.map((item) => keyOf(item, key))));
  for (const item of sent) {
    const value = requireKey(item, key, path);
    const at = places.get(identityText(value));
    if (at === undefined) places.set(identityText(value), merged.push(fresh(item)) - 1);
    else merged[at] = mergeMap(itemSchema, merged[at]!, item, `${path}[${key}=${String(value)}]`);
  }
  return { merged, sent, replaced };
}

/** Items of the patch in the patch's order (or the one it sets), the others between them as they were. */
function arrange<T>(
  merged: readonly T[],
  sent: readonly unknown[],
  order: readonly unknown[] | undefined,
  original: readonly unknown[],
  identity: (item: unknown) => unknown,
  path: string,
): T[] {
  const wanted = (order ?? sent).map(identity);
  if (order) checkOrder(sent.map(identity), wanted, path);
  const places = placesOf(wanted);
  const inPatch = (item: T) => places.has(identityText(identity(item)));
  const patched = orderByPlaces(merged.filter(inPatch), places, identity);
  const others = merged.filter((item) => !inPatch(item));
  return insertUnpatched(others, patched, placesOf(original.map(identity)), identity);
}

/** The items of a patch must stand in the order that it sets. */
function checkOrder(sent: readonly unknown[], order: readonly unknown[], path: string): void {
  const places = placesOf(order);
  let previous = -1;
  for (const each of sent) {
    const at = places.get(identityText(each));
    if (at === undefined || at < previous) {
      throw badRequest(`${path}: the order of the items in the patch does not match its ${setElementOrder} list`);
    }
    previous = at;
  }
}

function retained(original: Fields, patch: Fields, path: string): Record<string, unknown> {
  const keys = patch[retainKeys];
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw badRequest(`${path || 'the patch'}: ${retainKeys} must be a list of field names`);
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$') || value === null || keys.includes(key)) continue;
    throw badRequest(
      `${path ? `${path}.` : ''}${key}: the patch sets a field that its ${retainKeys} list does not have`,
    );
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function deletePrimitives(result: Record<string, unknown>, name: string, values: unknown, path: string): void {
  if (!Array.isArray(values))
    throw badRequest(`${path || 'the patch'}: ${deleteFromPrimitiveList}${name} must be a list`);
  const list = getOwn(result, name);
  const deleted = new Set(values);
  if (!Array.isArray(list)) return;
  setOwn(
    result,
    name,
    list.filter((each) => !deleted.has(each)),
  );
}

/** An item of a list that is replaced as a whole: directives in it say nothing, and nulls set nothing. */
function withoutDirectives(schema: Schema, item: Fields, path: string): Fields {
  return mergeMap(schema, {}, item, path);
}

function requireKey(item: Fields, key: string, path: string): unknown {
  const value = keyOf(item, key);
  if (value === undefined) {
    throw badRequest(`${path}: map: ${JSON.stringify(item)} does not contain declared merge key: ${key}`);
  }
  return value;
}

function keyOf(item: unknown, key: string): unknown {
  return isRecord(item) ? getOwn(item, key) : undefined;
}

function propertyOf(schema: Schema, name: string): Schema {
  const { properties, additionalProperties } = schema;
  return getOwn(properties, name) ?? (typeof additionalProperties === 'object' ? additionalProperties : {});
}

function merges(schema: Schema): boolean {
  return strategies(schema).includes('merge');
}

function strategies(schema: Schema): readonly string[] {
  return schema['x-kubernetes-patch-strategy']?.split(',') ?? [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
