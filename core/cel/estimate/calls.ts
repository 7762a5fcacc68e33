// What a call may cost at most, by its function and the sizes of its arguments. Source: cel-go, cost estimates; k8s.io/apiserver's cost
// estimator, whose rules decide which definitions may be written, and so are followed to the unit.

import { listCost, regexLength, structCost, traversal } from '../run/costs.ts';
import type { Node } from '../syntax/tree.ts';
import type { Type } from '../types/types.ts';
import { fixed, plus, type Range, scaled, times, unknown } from './ranges.ts';

/** An argument as far as estimates look at it. */
export interface Argument {
  readonly node: Node;
  readonly type: Type;
  /** undefined: nothing is known. */
  readonly size: Range | undefined;
  /** Of the items of a list. */
  itemSize(): Range | undefined;
}

export interface CallEstimate {
  /** Without what the arguments cost. */
  readonly cost: Range;
  readonly size?: Range;
}

const one = fixed(1);
const nominal = new Set(
  (
    'serviceAccount path group resource subresource namespace name allowed reason error errored masked prefixLength family isUnspecified ' +
    'isLoopback isLinkLocalMulticast isLinkLocalUnicast isGlobalUnicast format.named sign asInteger isInteger asApproximateFloat ' +
    'isGreaterThan isLessThan compareTo add sub major minor patch getScheme getHostname getHost getPort getEscapedPath getQuery'
  ).split(' '),
);
/** The longest regular expression that a format of a name is. */
const formatRegex = 128;

/** `args`: the target is the first of a member. */
export function estimateCall(name: string, overload: string, member: boolean, args: readonly Argument[]): CallEstimate {
  return (
    listEstimate(overload, args) ?? named(name, overload, member, args) ?? builtIn(overload, args) ?? { cost: one }
  );
}

function sizeOf(argument: Argument | undefined): Range {
  return argument?.size ?? unknown;
}

function named(name: string, overload: string, member: boolean, args: readonly Argument[]): CallEstimate | undefined {
  if (nominal.has(name)) return { cost: one };
  const [target, argument, second] = args;
  if (member && target) return ofMember(name, overload, target, argument, second);
  const size = sizeOf(target);
  switch (name) {
    case 'url':
    case 'jsonpatch.escapeKey':
      return { cost: scaled(size, traversal), size };
    case '_==_':
      return target && argument && sameOpaque(target.type, argument.type);
    default:
      return undefined;
  }
}

function ofMember(
  name: string,
  overload: string,
  target: Argument,
  argument: Argument | undefined,
  second: Argument | undefined,
): CallEstimate | undefined {
  const size = sizeOf(target);
  switch (name) {
    case 'check':
      return { cost: fixed(350_000) };
    case 'fieldSelector':
    case 'labelSelector': {
      const text = sizeOf(argument);
      const requirements = scaled(scaled(text, 0.5), listCost + structCost);
      return { cost: plus(plus(fixed(listCost), scaled(text, traversal)), requirements) };
    }
    case 'isSorted':
    case 'sum':
    case 'max':
    case 'min':
    case 'indexOf':
    case 'lastIndexOf':
      return { cost: goneThrough(target) };
    case 'lowerAscii':
    case 'upperAscii':
    case 'substring':
    case 'trim':
      return { cost: scaled(size, traversal), size };
    case 'replace':
      return { cost: scaled(size, 2 * traversal), size: replaced(size, sizeOf(argument), sizeOf(second)) };
    case 'split': {
      const limit =
        second?.node.kind === 'literal' && typeof second.node.value === 'bigint' ? second.node.value : undefined;
      const max = limit === undefined ? size.max : limit < 0n ? unknown.max : Number(limit);
      return { cost: scaled(size, 2 * traversal), size: { min: 0, max } };
    }
    case 'join': {
      const items = target.type.kind === 'list' ? times(size, target.itemSize() ?? unknown) : fixed(0);
      const separators = { min: Math.max(0, size.min - 1), max: Math.max(0, size.max - 1) };
      const joined = argument ? plus(items, times(sizeOf(argument), separators)) : items;
      return { cost: scaled(joined, traversal), size: joined };
    }
    case 'find':
    case 'findAll':
      return { cost: expression(size, sizeOf(argument)), size: { min: 0, max: size.max } };
    case 'ip':
      return { cost: one };
    case 'containsIP':
      return { cost: compared(overload === 'cidr_contains_ip_string' ? argument : undefined, false) };
    case 'containsCIDR':
      return { cost: compared(overload === 'cidr_contains_cidr_string' ? argument : undefined, true) };
    case 'validate':
      return { cost: scaled(scaled(sizeOf(argument), traversal), formatRegex * regexLength) };
    default:
      return undefined;
  }
}

/** An item costs one, and a text what it takes to go through it. */
function goneThrough(target: Argument): Range {
  const [item] = target.type.params;
  const size = sizeOf(target);
  if (!item) return scaled(size, traversal);
  const isText = item.kind === 'string' || item.kind === 'bytes';
  return times(size, isText ? plus(one, scaled(target.itemSize() ?? unknown, traversal)) : one);
}

function replaced(size: Range, from: Range, to: Range): Range {
  const most = () => {
    if (from.min === 0) return [size.max < unknown.max ? size.max + 1 : size.max, size.max] as const;
    return to.max <= from.min ? ([0, size.max] as const) : ([Math.ceil(size.max / from.min), 0] as const);
  };
  const least = () => {
    if (from.max === 0) return [size.min + 1, size.min] as const;
    return from.max <= to.min ? ([0, size.min] as const) : ([Math.ceil(size.min / from.max), 0] as const);
  };
  const [mostCount, mostKept] = most();
  const [leastCount, leastKept] = least();
  return plus(times({ min: leastCount, max: mostCount }, to), { min: leastKept, max: mostKept });
}

function expression(text: Range, pattern: Range): Range {
  return times(scaled(plus(text, one), traversal), scaled(pattern, regexLength));
}

/** Addresses have 4 or 16 bytes. */
function compared(parsed: Argument | undefined, isNetwork: boolean): Range {
  const bytes = { min: 4, max: 16 };
  let cost = scaled(plus(bytes, bytes), traversal);
  if (isNetwork) cost = plus(plus(cost, scaled(bytes, traversal)), one);
  return parsed ? plus(cost, scaled(sizeOf(parsed), traversal)) : cost;
}

function sameOpaque(a: Type, b: Type): CallEstimate | undefined {
  if (a.kind !== 'opaque' || a.name !== b.name || a.name === 'optional_type') return undefined;
  if (a.name === 'kubernetes.NamedFormat') return { cost: scaled({ min: 1, max: 64 }, traversal) };
  // URLs: nothing is known of how long they are.
  return a.name === 'kubernetes.Image' ? undefined : { cost: one };
}

/** cel-go's own estimates by overload. */
function builtIn(overload: string, args: readonly Argument[]): CallEstimate | undefined {
  const [first, second] = [sizeOf(args[0]), sizeOf(args[1])];
  switch (overload) {
    case 'string_format':
      return { cost: scaled(first, traversal) };
    case 'string_to_bytes':
      return { cost: scaled(first, traversal), size: { min: first.min, max: first.max * 4 } };
    case 'bytes_to_string':
      return { cost: scaled(first, traversal), size: { min: Math.floor(first.min / 4), max: first.max } };
    case 'strings_quote':
      return { cost: scaled(first, traversal), size: { min: first.min + 2, max: first.max * 2 + 2 } };
    case 'starts_with_string':
    case 'ends_with_string':
      return { cost: scaled(second, traversal) };
    case 'in_list':
      return { cost: second };
    case 'matches_string':
      return { cost: expression(first, second) };
    case 'contains_string':
      return { cost: times(scaled(first, traversal), scaled(second, traversal)) };
    case 'add_list':
      return { cost: one, size: plus(first, second) };
    case 'add_string':
    case 'add_bytes':
      return { cost: scaled(plus(first, second), traversal), size: plus(first, second) };
    case 'equals':
    case 'not_equals':
      return smaller(first, second);
    case 'string_to_string':
      return { cost: one, size: first };
    default: {
      const shown = shownSizes.get(overload);
      if (shown) return { cost: one, size: shown };
      return /^(?:less|greater)(?:_equals)?_(?:string|bytes)$/.test(overload) ? smaller(first, second) : undefined;
    }
  }
}

/** The longest texts that scalars are written as: messages are made of them. */
const shownSizes: ReadonlyMap<string, Range> = new Map([
  ['int64_to_string', { min: 1, max: 20 }],
  ['uint64_to_string', { min: 1, max: 20 }],
  ['bool_to_string', { min: 4, max: 5 }],
  ['double_to_string', { min: 1, max: 24 }],
  ['timestamp_to_string', { min: 20, max: 30 }],
  ['duration_to_string', { min: 2, max: 22 }],
]);

function smaller(a: Range, b: Range): CallEstimate {
  const max = Math.min(a.max, b.max);
  return { cost: scaled({ min: max > 0 ? 1 : 0, max }, traversal) };
}

function listEstimate(overload: string, args: readonly Argument[]): CallEstimate | undefined {
  const [first, second] = [sizeOf(args[0]), sizeOf(args[1])];
  const allocating = (factor: number, size: Range): CallEstimate => ({
    cost: plus(scaled(size, factor), fixed(listCost + 1)),
    size,
  });
  switch (overload) {
    case 'list_slice': {
      const length = literal(args[2], first.max) - literal(args[1], 0);
      // Go's numbers go round below 0.
      return allocating(1, fixed(length < 0 ? unknown.max : length));
    }
    case 'lists_range':
      return allocating(1, fixed(literal(args[0], unknown.max)));
    case 'list_reverse':
      return allocating(1, first);
    case 'list_flatten':
      return allocating(1, first);
    case 'list_flatten_int':
      return allocating(literal(args[1], unknown.max), first);
    case 'list_distinct':
      return allocating(2, times(first, first));
    case 'list_sets_contains_list':
    case 'list_sets_intersects_list':
      return { cost: plus(times(first, second), one) };
    case 'list_sets_equivalent_list':
      return { cost: plus(scaled(times(first, second), 2), one) };
    default: {
      const [, type, by] = /^list_(\w+?)_sort(ByAssociatedKeys)?$/.exec(overload) ?? [];
      if (type === undefined) return undefined;
      const keys = by ? second : first;
      return allocating(type === 'string' || type === 'bytes' ? 2 + traversal : 2, times(keys, keys));
    }
  }
}

function literal(argument: Argument | undefined, otherwise: number): number {
  const { node } = argument ?? {};
  if (node?.kind !== 'literal' || typeof node.value !== 'bigint') return otherwise;
  return node.value < 0n ? otherwise : Number(node.value);
}
