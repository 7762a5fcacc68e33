// Joins an applied configuration into an object, and takes out what the configuration no longer has.

import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import type { FieldSet } from './field-set.ts';
import { isEmpty, isMember } from './field-set.ts';
import { type Shape, schemaShape, shapeOf } from './shape.ts';

/** `live` with all that `applied` says. Parts that only `live` has are the same references in the result. */
export function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === null) return schema.nullable ? null : undefined;
  if (typeof applied !== 'object') return applied;
  const shape = shapeOf(schema, applied);
  if (shape.kind === 'leaf') return applied;
  const base = live !== undefined && shapeOf(schema, live).kind === shape.kind ? live : undefined;
  return shape.kind === 'map'
    ? mergeMaps(shape, (base ?? {}) as Fields, applied as Fields) // the shape says that they are maps
    : mergeLists(shape, (base ?? []) as unknown[], applied as unknown[]); // the shape says that they are lists
}

/**
 * `merged` without what `last` had and `owned` has not: fields that their one owner stopped applying. Containers that this
 * leaves empty go too, unless someone owns them.
 */
export function prune(schema: Schema, merged: unknown, last: FieldSet, owned: FieldSet): unknown {
  const shape = shapeOf(schema, merged);
  if (shape.kind === 'leaf' || isEmpty(last)) return merged;
  if (shape.kind === 'map') return pruneMap(shape, merged as Fields, last, owned); // the shape says that it is a map
  return pruneList(shape, merged as unknown[], last, owned); // the shape says that it is a list
}

type Fields = Readonly<Record<string, unknown>>;
type MapShape = Extract<Shape, { kind: 'map' }>;
type ListShape = Extract<Shape, { kind: 'list' }>;

function mergeMaps(shape: MapShape, live: Fields, applied: Fields): Fields {
  const result: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const merged = mergeApplied(shape.property(name), getOwn(live, name), value);
    if (merged === undefined) delete result[name];
    else setOwn(result, name, merged);
  }
  return result;
}

/** Items in the order of the configuration; those that only the object has keep their place before what followed them. */
function mergeLists(shape: ListShape, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const liveItems = new Map(live.map((item) => [shape.element(item), item]));
  const appliedElements = applied.map(shape.element);
  const wanted = new Set(appliedElements);
  const result: unknown[] = [];
  const emitted = new Set<string>();
  let next = 0;
  const emitApplied = () => {
    const element = appliedElements[next]!;
    const item = applied[next++];
    emitted.add(element);
    result.push(mergeApplied(shape.items, liveItems.get(element), item));
  };
  for (const item of live) {
    const element = shape.element(item);
    if (!wanted.has(element)) result.push(item);
    else if (!emitted.has(element)) emitApplied();
  }
  while (next < applied.length) emitApplied();
  return result;
}

function pruneMap(shape: MapShape, merged: Fields, last: FieldSet, owned: FieldSet): Fields | undefined {
  let result: Record<string, unknown> | undefined;
  for (const [name, before] of Object.entries(merged)) {
    const node = last[`f:${name}`];
    if (!node) continue;
    const kept = pruneChild(shape.property(name), before, node, owned[`f:${name}`]);
    if (kept === before) continue;
    result ??= { ...merged };
    if (kept === undefined) delete result[name];
    else setOwn(result, name, kept);
  }
  if (!result) return merged;
  return Object.keys(result).length > 0 ? result : undefined;
}

function pruneList(
  shape: ListShape,
  merged: readonly unknown[],
  last: FieldSet,
  owned: FieldSet,
): unknown[] | undefined {
  const result: unknown[] = [];
  for (const item of merged) {
    const element = shape.element(item);
    const node = getOwn(last, element);
    const kept = node ? pruneChild(shape.items, item, node, getOwn(owned, element)) : item;
    if (kept !== undefined) result.push(withKeys(shape, item, kept));
  }
  return result.length > 0 ? result : undefined;
}

function pruneChild(schema: Schema, value: unknown, last: FieldSet, owned: FieldSet | undefined): unknown {
  if (isMember(last) && !owned) return undefined;
  const kept = prune(schema, value, last, owned ?? {});
  if (kept !== undefined || !owned || !isMember(owned)) return kept;
  return Array.isArray(value) ? [] : schemaShape(schema).kind === 'map' ? {} : value;
}

/** An item that stays for the sake of other owners keeps the keys by which they name it. */
function withKeys(shape: ListShape, item: unknown, kept: unknown): unknown {
  if (item === kept || shape.keys.length === 0) return kept;
  const result = { ...(kept as Fields) }; // items of a map list are maps
  for (const key of shape.keys) {
    const value = getOwn(item as Fields, key);
    if (value !== undefined) setOwn(result, key, value);
  }
  return result;
}
