// Joins an applied configuration into an object, and takes out what the configuration no longer has.

import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import type { FieldSet } from './field-set.ts';
import { isEmpty, isMember } from './field-set.ts';
import { type MergeStrategy, schemaStrategy, strategyOf } from './merge-strategy.ts';

/** `live` with all that `applied` says. Parts that only `live` has are the same references in the result. */
export function mergeApplied(schema: Schema, live: unknown, applied: unknown): unknown {
  if (applied === null) return schema.nullable ? null : undefined;
  if (typeof applied !== 'object') return applied;
  const strategy = strategyOf(schema, applied);
  if (strategy.kind === 'leaf') return applied;
  const base = live !== undefined && strategyOf(schema, live).kind === strategy.kind ? live : undefined;
  return strategy.kind === 'map'
    ? mergeMaps(strategy, (base ?? {}) as Fields, applied as Fields) // the strategy says that they are maps
    : mergeLists(strategy, (base ?? []) as unknown[], applied as unknown[]); // the strategy says that they are lists
}

/**
 * `merged` without what `last` had and `owned` has not: fields that their one owner stopped applying. Containers that this
 * leaves empty go too, unless someone owns them.
 */
export function prune(schema: Schema, merged: unknown, last: FieldSet, owned: FieldSet): unknown {
  const strategy = strategyOf(schema, merged);
  if (strategy.kind === 'leaf' || isEmpty(last)) return merged;
  if (strategy.kind === 'map') return pruneMap(strategy, merged as Fields, last, owned); // the strategy says that it is a map
  return pruneList(strategy, merged as unknown[], last, owned); // the strategy says that it is a list
}

type Fields = Readonly<Record<string, unknown>>;
type MapStrategy = Extract<MergeStrategy, { kind: 'map' }>;
type ListStrategy = Extract<MergeStrategy, { kind: 'list' }>;

function mergeMaps(strategy: MapStrategy, live: Fields, applied: Fields): Fields {
  const result: Record<string, unknown> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const merged = mergeApplied(strategy.field(name).schema, getOwn(live, name), value);
    if (merged === undefined) delete result[name];
    else setOwn(result, name, merged);
  }
  return result;
}

/** Items in the order of the configuration; those that only the object has keep their place before what followed them. */
function mergeLists(strategy: ListStrategy, live: readonly unknown[], applied: readonly unknown[]): unknown[] {
  const liveItems = new Map(live.map((item) => [strategy.element(item), item]));
  const appliedElements = applied.map(strategy.element);
  const wanted = new Set(appliedElements);
  const result: unknown[] = [];
  const emitted = new Set<string>();
  let next = 0;
  const emitApplied = () => {
    const element = appliedElements[next]!;
    const item = applied[next++];
    emitted.add(element);
    result.push(mergeApplied(strategy.items, liveItems.get(element), item));
  };
  for (const item of live) {
    const element = strategy.element(item);
    if (!wanted.has(element)) result.push(item);
    else if (!emitted.has(element)) emitApplied();
  }
  while (next < applied.length) emitApplied();
  return result;
}

function pruneMap(strategy: MapStrategy, merged: Fields, last: FieldSet, owned: FieldSet): Fields | undefined {
  let result: Record<string, unknown> | undefined;
  for (const [name, before] of Object.entries(merged)) {
    const node = last[`f:${name}`];
    if (!node || isUnowned(strategy, name, before)) continue;
    const kept = pruneChild(strategy.field(name).schema, before, node, owned[`f:${name}`]);
    if (kept === before) continue;
    result ??= { ...merged };
    if (kept === undefined) delete result[name];
    else setOwn(result, name, kept);
  }
  if (!result) return merged;
  return Object.keys(result).length > 0 ? result : undefined;
}

/** A field that is an empty list belongs to no one who applies: none of them has given it up. */
function isUnowned(strategy: MapStrategy, name: string, value: unknown): boolean {
  if (!Array.isArray(value) || value.length > 0) return false;
  const { schema, isProperty } = strategy.field(name);
  return isProperty && strategyOf(schema, value).kind === 'list';
}

function pruneList(
  strategy: ListStrategy,
  merged: readonly unknown[],
  last: FieldSet,
  owned: FieldSet,
): unknown[] | undefined {
  const result: unknown[] = [];
  for (const item of merged) {
    const element = strategy.element(item);
    const node = getOwn(last, element);
    const kept = node ? pruneChild(strategy.items, item, node, getOwn(owned, element)) : item;
    if (kept !== undefined) result.push(withKeys(strategy, item, kept));
  }
  return result.length > 0 ? result : undefined;
}

function pruneChild(schema: Schema, value: unknown, last: FieldSet, owned: FieldSet | undefined): unknown {
  if (isMember(last) && !owned) return undefined;
  const kept = prune(schema, value, last, owned ?? {});
  if (kept !== undefined || !owned || !isMember(owned)) return kept;
  return Array.isArray(value) ? [] : schemaStrategy(schema).kind === 'map' ? {} : value;
}

/** An item that stays for the sake of other owners keeps the keys by which they name it. */
function withKeys(strategy: ListStrategy, item: unknown, kept: unknown): unknown {
  if (item === kept || strategy.keys.length === 0) return kept;
  const result = { ...(kept as Fields) }; // items of a map list are maps
  for (const key of strategy.keys) {
    const value = getOwn(item as Fields, key);
    if (value !== undefined) setOwn(result, key, value);
  }
  return result;
}
