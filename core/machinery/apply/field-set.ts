// Sets of fields in the form that managedFields has on the wire (FieldsV1, KEP-555), which is a trie: `f:name` for a field,
// `k:{...}` for an item of a map list, `v:...` for an item of a set, `i:0` for an index; `.` (or an empty node) marks a member.
// The JSON itself is the representation: nothing is encoded or decoded on a write, and unchanged entries stay the same value.

import { parseJson } from '../json.ts';
import type { Json } from '../object.ts';
import { getOwn, setOwn } from '../own.ts';

/** A node of the trie. The root is no member; an empty root is the empty set. Values are never changed in place. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

export const emptySet: FieldSet = Object.freeze({});

/** A member without members below it. */
export const leaf: FieldSet = emptySet;

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

/** Whether the node itself is a member. Not for the root. */
export function isMember(node: FieldSet): boolean {
  return '.' in node || isEmpty(node);
}

/** All that is in `a` or `b`. Gives `a` itself when it holds all of `b`. */
export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let result: Record<string, FieldSet> | undefined;
  for (const element in b) {
    const left = getOwn(a, element);
    const right = b[element]!;
    const merged = left === undefined ? right : unionNode(left, right);
    if (merged !== left) {
      result ??= { ...a };
      setOwn(result, element, merged);
    }
  }
  return result ? ordered(result) : a;
}

/** All that is in any of them. In pairs: to join one after the other would copy what is joined already with each. */
export function unionAll(sets: readonly FieldSet[]): FieldSet {
  let level = sets;
  while (level.length > 1) {
    const next: FieldSet[] = [];
    for (let i = 0; i < level.length; i += 2) next.push(union(level[i] ?? emptySet, level[i + 1] ?? emptySet));
    level = next;
  }
  return level[0] ?? emptySet;
}

/** All that is in `a` and not in `b`. Gives `a` itself when nothing is taken away. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return isEmpty(a) ? a : emptySet;
  let result: Record<string, FieldSet> | undefined;
  // A set of thousands may be taken away from each of thousands of small ones: then it is not looked through, not even for whether it
  // is empty, since that asks for all names of a large object first.
  for (const element in isSmall(a) ? a : b) {
    const left = getOwn(a, element);
    const right = getOwn(b, element);
    if (left === undefined || right === undefined || element === '.') continue;
    const rest = differenceNode(left, right);
    if (rest === left) continue;
    result ??= { ...a };
    if (rest) setOwn(result, element, rest);
    else delete result[element];
  }
  return result ?? a;
}

function isSmall(set: FieldSet): boolean {
  let left = 32;
  for (const _ in set) if (left-- === 0) return false;
  return true;
}

/** All that is in both. */
export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const element in a) {
    const right = getOwn(b, element);
    if (right === undefined || element === '.') continue;
    const both = intersectionNode(a[element]!, right);
    if (both) {
      result ??= {};
      setOwn(result, element, both);
    }
  }
  return result ?? emptySet;
}

/** `a` without the nodes that are members of `roots` and all below them: how whole subtrees are reset. */
export function withoutSubtrees(a: FieldSet, roots: FieldSet): FieldSet {
  let result: Record<string, FieldSet> | undefined;
  for (const element in roots) {
    const left = getOwn(a, element);
    if (left === undefined || element === '.') continue;
    const root = roots[element]!;
    const kept = isMember(root) ? undefined : withoutSubtrees(left, root);
    if (kept === left) continue;
    result ??= { ...a };
    // A node that only led to what is gone is gone with it; one that is a member itself stays as a leaf.
    if (kept && (!isEmpty(kept) || isMember(left))) setOwn(result, element, kept);
    else delete result[element];
  }
  return result ?? a;
}

export function setsEqual(a: FieldSet, b: FieldSet): boolean {
  if (a === b) return true;
  let count = 0;
  for (const element in a) {
    const right = getOwn(b, element);
    if (right === undefined || !setsEqual(a[element]!, right)) return false;
    count++;
  }
  for (const _ in b) count--;
  return count === 0;
}

/** A set of whole paths, each a list of elements: for the constants of the machinery. */
export function setOf(...paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce<FieldSet>(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((node, each) => ({ [each]: node }), leaf),
      ),
    emptySet,
  );
}

/** The paths of all members, in order. */
export function* members(set: FieldSet, prefix: readonly string[] = []): Generator<readonly string[]> {
  for (const element in set) {
    if (element === '.') continue;
    const path = [...prefix, element];
    const node = set[element]!;
    if (isMember(node)) yield path;
    yield* members(node, path);
  }
}

/** A path as conflicts show it: `.spec.containers[name="a"].image`. */
export function pathString(path: readonly string[]): string {
  return path.map(elementString).join('');
}

/** A node with its elements in the order of the wire: `.`, then fields, keys, values, indexes, each sorted. */
export function ordered(node: Record<string, FieldSet>): FieldSet {
  const elements = Object.keys(node);
  let previous = '';
  for (const element of elements) {
    if (previous && compareElements(previous, element) > 0) return sort(node, elements);
    previous = element;
  }
  return node;
}

function sort(node: Record<string, FieldSet>, elements: string[]): FieldSet {
  const result: Record<string, FieldSet> = {};
  for (const element of sorted(elements)) setOwn(result, element, getOwn(node, element)!);
  return result;
}

/** The items of a list, which may be tens of thousands: put in order before they become names, of which an object makes more work. */
export function listSet(items: ReadonlyMap<string, FieldSet>, containers: boolean): FieldSet {
  const result: Record<string, FieldSet> = containers ? { '.': leaf } : {};
  for (const element of sorted([...items.keys()])) setOwn(result, element, items.get(element)!);
  return result;
}

/** Not worth a look at what kinds they are. */
const few = 32;

function sorted(elements: string[]): string[] {
  // The order of the kinds is that of their letters, but for indexes. Of many elements, which are all of one kind, the engine's own order is
  // several times quicker.
  if (elements.length < few) return elements.sort(compareElements);
  const kinds = new Set(elements.map((element) => element[0]));
  if (kinds.size > 1 && kinds.has('i')) elements.sort(compareElements);
  else elements.sort();
  return elements;
}

const kindOrder: ReadonlyMap<string, number> = new Map([
  ['.', 0],
  ['f', 1],
  ['k', 2],
  ['v', 3],
  ['i', 4],
]);

function compareElements(a: string, b: string): number {
  const byKind = (kindOrder.get(a[0]!) ?? 5) - (kindOrder.get(b[0]!) ?? 5);
  return byKind || (a < b ? -1 : a > b ? 1 : 0);
}

function unionNode(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  if (isEmpty(a)) return '.' in b || isEmpty(b) ? (isEmpty(b) ? a : b) : { '.': leaf, ...b };
  if (isEmpty(b)) return '.' in a ? a : { '.': leaf, ...a };
  return union(a, b);
}

function differenceNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const stays = isMember(a) && !isKnownMember(b);
  const below = isEmpty(a) ? a : difference(a, b);
  return rebuild(a, below, stays);
}

/** As `isMember`, asked of one large node again and again. */
function isKnownMember(node: FieldSet): boolean {
  if ('.' in node) return true;
  let known = emptiness.get(node);
  if (known === undefined) {
    known = isEmpty(node);
    emptiness.set(node, known);
  }
  return known;
}

const emptiness = new WeakMap<FieldSet, boolean>();

function intersectionNode(a: FieldSet, b: FieldSet): FieldSet | undefined {
  const below = intersection(a, b);
  const both = isMember(a) && isMember(b);
  if (isEmpty(below)) return both ? leaf : undefined;
  return both ? { '.': leaf, ...below } : below;
}

/** The node `a` with other children and membership; undefined when nothing is left of it. */
function rebuild(a: FieldSet, below: FieldSet, member: boolean): FieldSet | undefined {
  if (isEmpty(a)) return member ? a : undefined;
  if (!hasChildren(below)) return member ? leaf : undefined;
  if ('.' in below === member) return below;
  if (member) return { '.': leaf, ...below };
  const { '.': _, ...children } = below;
  return children;
}

function hasChildren(node: FieldSet): boolean {
  for (const element in node) if (element !== '.') return true;
  return false;
}

function elementString(element: string): string {
  const text = element.slice(2);
  switch (element[0]) {
    case 'k': {
      const key: unknown = parseJson(text);
      const parts = Object.entries(key as Record<string, Json>); // decodeFields and keyElement let only objects in
      return `[${parts.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v':
      return `[=${text}]`;
    case 'i':
      return `[${text}]`;
    default:
      return `.${text}`;
  }
}
