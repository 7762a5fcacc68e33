// What differs between two objects, as sets of fields. Walks only where they differ: equal references are passed over.

import { deepEqual } from '../equality.ts';
import type { KubeObject } from '../object.ts';
import { getOwn, setOwn } from '../own.ts';
import type { Schema } from '../schema.ts';
import { emptySet, type FieldSet, isEmpty, leaf, listSet, ordered } from './field-set.ts';
import { type MergeStrategy, schemaStrategy, strategyOf } from './merge-strategy.ts';

export interface Changes {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

/** The fields that differ. What no manager ever owns (type, name, and what the server writes) is left out. */
export function compare(schema: Schema, before: KubeObject, after: KubeObject): Changes {
  const changes = compareMaps(managedPart(before), managedPart(after), schemaStrategy(schema), requiredOf(schema));
  return {
    added: changes?.added ?? emptySet,
    modified: changes?.modified ?? emptySet,
    removed: changes?.removed ?? emptySet,
  };
}

/** The fields that a configuration sets: leaves, items of lists, entries of maps, and what is set to nothing. */
export function fieldsOf(schema: Schema, object: KubeObject): FieldSet {
  return setNode(schema, managedPart(object), false);
}

interface Difference {
  readonly added?: FieldSet;
  readonly modified?: FieldSet;
  readonly removed?: FieldSet;
}

type Fields = Readonly<Record<string, unknown>>;
type MapStrategy = Extract<MergeStrategy, { kind: 'map' }>;
type ListStrategy = Extract<MergeStrategy, { kind: 'list' }>;

function compareValues(schema: Schema, before: unknown, after: unknown): Difference | undefined {
  if (before === after) return undefined;
  if (before === undefined) return { added: setNode(schema, after, true) };
  if (after === undefined) return { removed: setNode(schema, before, true) };
  const left = strategyOf(schema, before);
  const right = strategyOf(schema, after);
  if (left.kind === 'map' && right.kind === 'map') {
    return compareMaps(before as Fields, after as Fields, right, requiredOf(schema)); // strategyOf says that they are maps
  }
  if (left.kind === 'list' && right.kind === 'list') {
    return compareLists(before as unknown[], after as unknown[], right); // strategyOf says that they are lists
  }
  if (left.kind === 'leaf' && right.kind === 'leaf') return deepEqual(before, after) ? undefined : { modified: leaf };
  return { removed: setNode(schema, before, true), added: setNode(schema, after, true) };
}

function compareMaps(
  before: Fields,
  after: Fields,
  strategy: MergeStrategy,
  required: readonly string[],
): Difference | undefined {
  if (strategy.kind !== 'map') return compareMaps(before, after, untypedMap, required);
  const nodes = new Collector();
  for (const name in after) {
    const value = after[name];
    if (value === undefined) continue;
    const old = getOwn(before, name);
    if (old === value) continue;
    const { schema, element } = strategy.field(name);
    nodes.add(element, compareValues(schema, old ?? placeholder(schema, name, value, required), value));
  }
  for (const name in before) {
    if (before[name] === undefined || getOwn(after, name) !== undefined) continue;
    const { schema, element } = strategy.field(name);
    nodes.add(element, { removed: setNode(schema, before[name], true) });
  }
  return nodes.result();
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  strategy: ListStrategy,
): Difference | undefined {
  if (before.length === 0 && after.length > few) return { added: itemSet(after, strategy, true, false) };
  const nodes = new Collector();
  const old = new Map<string, unknown>();
  for (const item of before) old.set(strategy.element(item), item);
  for (const item of after) {
    const element = strategy.element(item);
    nodes.add(element, compareValues(strategy.items, old.get(element), item));
    old.delete(element);
  }
  for (const [element, item] of old) nodes.add(element, { removed: setNode(strategy.items, item, true) });
  return nodes.result();
}

/** The node for a value and all below it. `containers`: the maps and lists themselves are members too, as in a comparison. */
function setNode(schema: Schema, value: unknown, containers: boolean): FieldSet {
  const strategy = strategyOf(schema, value);
  if (strategy.kind === 'leaf') return leaf;
  const node: Record<string, FieldSet> = containers ? { '.': leaf } : {};
  // Counted along: to ask a large map whether it is empty puts all its names in a list first.
  let count = 0;
  if (strategy.kind === 'list') {
    const list = value as unknown[]; // the strategy says so
    if (list.length > few) return itemSet(list, strategy, containers, containers);
    for (const item of list) {
      setOwn(node, strategy.element(item), member(setNode(strategy.items, item, containers)));
      count++;
    }
    return count === 0 && containers ? leaf : ordered(node);
  }
  const fields = value as Fields; // neither a leaf nor a list
  for (const name of sortedNames(fields)) {
    // computed name: of the value's own names.
    const each = fields[name];
    if (each === undefined) continue;
    const { schema: of, isProperty, element } = strategy.field(name);
    const below = setNode(of, each, containers);
    if (isProperty && isEmptyList(each) && !containers && below !== leaf) continue; // no one owns an empty list
    // computed name: begins with `f:`.
    node[element] = isProperty ? below : member(below);
    count++;
  }
  // Made in the order of the wire.
  return count === 0 && containers ? leaf : node;
}

/** Lists of so few items take no time, whichever way their sets are made. */
const few = 1000;

function itemSet(list: readonly unknown[], strategy: ListStrategy, containers: boolean, isMember: boolean): FieldSet {
  const items = new Map<string, FieldSet>();
  for (const item of list) items.set(strategy.element(item), member(setNode(strategy.items, item, containers)));
  return listSet(items, isMember);
}

function sortedNames(fields: Fields): string[] {
  const names = Object.keys(fields);
  for (let i = 1; i < names.length; i++) if (names[i]! < names[i - 1]!) return names.sort();
  return names;
}

function member(node: FieldSet): FieldSet {
  if (node === leaf || isEmpty(node)) return leaf;
  return '.' in node ? node : { '.': leaf, ...node };
}

/**
 * What an absent field is compared with. The parts that every object of a type has even when they say nothing are not
 * fields that somebody added: only what is in them is.
 */
function placeholder(schema: Schema, name: string, value: unknown, required: readonly string[]): unknown {
  if (!structural.has(name) && !required.includes(name)) return undefined;
  const { kind } = strategyOf(schema, value);
  return kind === 'map' ? emptyMap : kind === 'list' ? emptyList : undefined;
}

const structural = new Set(['metadata', 'spec', 'status', 'template', 'strategy']);
const emptyMap = {};
const emptyList: unknown[] = [];
const untypedMap: MapStrategy = {
  kind: 'map',
  field: (name) => ({ schema: {}, isProperty: false, element: `f:${name}` }),
  schemaOf: () => ({}),
};

function requiredOf(schema: Schema): readonly string[] {
  return schema.required ?? [];
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function isEmptyRecord(value: object): boolean {
  for (const _ in value) return false;
  return true;
}

const neverManaged = new Set([
  'name',
  'namespace',
  'creationTimestamp',
  'selfLink',
  'uid',
  'clusterName',
  'generation',
  'managedFields',
  'resourceVersion',
]);

function managedPart(object: KubeObject): Fields {
  const { apiVersion: _a, kind: _k, metadata, ...rest } = object;
  const managed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(metadata ?? {})) if (!neverManaged.has(name)) setOwn(managed, name, value);
  // Nobody owns the metadata itself.
  return isEmptyRecord(managed) ? rest : { metadata: managed, ...rest };
}

/** Gathers the differences of a node's children into the differences of the node. */
class Collector {
  private added: Record<string, FieldSet> | undefined;
  private modified: Record<string, FieldSet> | undefined;
  private removed: Record<string, FieldSet> | undefined;

  add(element: string, difference: Difference | undefined): void {
    if (!difference) return;
    if (difference.added) {
      this.added ??= {};
      setOwn(this.added, element, difference.added);
    }
    if (difference.modified) {
      this.modified ??= {};
      setOwn(this.modified, element, difference.modified);
    }
    if (difference.removed) {
      this.removed ??= {};
      setOwn(this.removed, element, difference.removed);
    }
  }

  result(): Difference | undefined {
    if (!this.added && !this.modified && !this.removed) return undefined;
    return {
      ...(this.added && { added: ordered(this.added) }),
      ...(this.modified && { modified: ordered(this.modified) }),
      ...(this.removed && { removed: ordered(this.removed) }),
    };
  }
}
