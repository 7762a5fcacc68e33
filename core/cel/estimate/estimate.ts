// What an expression may cost at most on values that a schema allows, before any value is there. Source: cel-go, cost estimates, whose
// way of following sizes through an expression is kept: what it does not see, Kubernetes does not either.

import type { Checked } from '../check/checker.ts';
import { listCost, mapCost, structCost } from '../run/costs.ts';
import { type FoldNode, isUint, type Node, operators } from '../syntax/tree.ts';
import type { Type } from '../types/types.ts';
import { lengthOf } from '../values/values.ts';
import { type Argument, estimateCall } from './calls.ts';
import type { Declared } from './declared.ts';
import { fixed, plus, type Range, times, union, unknown } from './ranges.ts';

/** The sizes of keys and items of a container that an expression makes. */
interface EntrySize {
  readonly kind: 'list' | 'map';
  readonly key: Range;
  readonly value: Range;
}

interface Local {
  readonly path: readonly string[] | undefined;
  readonly size: Range | undefined;
  readonly entry: EntrySize | undefined;
}

/** `variables`: what is known of those whose values have a schema. */
export function estimateCost(checked: Checked, variables: ReadonlyMap<string, Declared>): number {
  return new Estimator(checked, variables).cost(checked.node).max;
}

class Estimator {
  private readonly checked: Checked;
  private readonly variables: ReadonlyMap<string, Declared>;
  private readonly costs = new Map<number, Range>();
  private readonly paths = new Map<number, readonly string[]>();
  private readonly sizes = new Map<number, Range>();
  private readonly entries = new Map<number, EntrySize>();
  private readonly locals = new Map<string, Local[]>();

  constructor(checked: Checked, variables: ReadonlyMap<string, Declared>) {
    this.checked = checked;
    this.variables = variables;
  }

  cost(node: Node): Range {
    // A macro may put one node in two places, where it costs the same.
    const known = this.costs.get(node.id);
    if (known) return known;
    const cost = this.find(node);
    this.costs.set(node.id, cost);
    return cost;
  }

  private find(node: Node): Range {
    switch (node.kind) {
      case 'literal':
        return fixed(0);
      case 'ident':
        this.paths.set(node.id, this.local(node.name)?.path ?? [node.name]);
        return fixed(1);
      case 'select':
        return this.select(node);
      case 'call':
        return this.call(node);
      case 'list': {
        let value: Range = { min: node.items.length === 0 ? 0 : unknown.max, max: 0 };
        let sum = fixed(listCost);
        for (const each of node.items) {
          sum = plus(sum, this.cost(each));
          value = union(value, this.sizeOf(each) ?? unknown);
        }
        this.entries.set(node.id, { kind: 'list', key: fixed(1), value });
        return sum;
      }
      case 'map':
        return this.map(node);
      case 'struct':
        return node.fields.reduce((sum, { value }) => plus(sum, this.cost(value)), fixed(structCost));
      case 'fold':
        return this.fold(node);
    }
  }

  private local(name: string): Local | undefined {
    return this.locals.get(name)?.at(-1);
  }

  private within<T>(name: string, local: Local, work: () => T): T {
    const stack = this.locals.get(name) ?? [];
    this.locals.set(name, stack);
    stack.push(local);
    const result = work();
    stack.pop();
    return result;
  }

  private type(node: Node): Type {
    return this.checked.types[node.id] as Type; // all were checked
  }

  private select(node: Extract<Node, { kind: 'select' }>): Range {
    // A name with dots is a name.
    if (this.checked.names[node.id] !== undefined) return fixed(1);
    const of = this.cost(node.operand);
    if (node.test) return of;
    const path = this.path(node.operand);
    if (path) this.paths.set(node.id, [...path, node.field]);
    const { kind } = this.type(node.operand);
    return kind === 'map' || kind === 'struct' || kind === 'param' ? plus(of, fixed(1)) : of;
  }

  private map({ id, entries }: Extract<Node, { kind: 'map' }>): Range {
    const none = { min: entries.length === 0 ? 0 : unknown.max, max: 0 };
    let [key, value]: [Range, Range] = [none, none];
    let sum = fixed(mapCost);
    for (const each of entries) {
      sum = plus(plus(sum, this.cost(each.key)), this.cost(each.value));
      key = union(key, this.sizeOf(each.key) ?? unknown);
      value = union(value, this.sizeOf(each.value) ?? unknown);
    }
    this.entries.set(id, { kind: 'map', key, value });
    return sum;
  }

  private call(node: Extract<Node, { kind: 'call' }>): Range {
    const [first, second, third] = node.args;
    if (node.name === 'dyn' && first) {
      const cost = plus(fixed(1), this.cost(first));
      this.copySizes(node, first);
      return cost;
    }
    const resolved = this.checked.calls[node.id];
    const costs = node.args.map((each) => this.cost(each));
    if (!resolved) return fixed(0);
    const member = resolved.member && node.target !== undefined;
    const sum = member && node.target ? this.cost(node.target) : fixed(0);
    const [left = fixed(0), right = fixed(0), last = fixed(0)] = costs;
    switch (resolved.name) {
      case operators.and:
      case operators.or:
        // Evaluation may end with the first.
        return { min: left.min, max: plus(left, right).max };
      case operators.conditional:
        if (second && third) {
          this.sizes.set(node.id, union(this.sizeOf(second) ?? unknown, this.sizeOf(third) ?? unknown));
          this.unite(node, second, third);
        }
        return plus(left, union(right, last));
    }
    const nodes = member && node.target ? [node.target, ...node.args] : node.args;
    const args = nodes.map((each) => this.argument(each));
    let total: Range | undefined;
    let size: Range | undefined;
    for (const { id } of resolved.overloads) {
      const { cost, size: made } = estimateCall(resolved.name, id, member, args);
      total = total ? union(total, cost) : cost;
      if (made) size = size ? union(size, made) : made;
      if ((id === 'index_list' || id === 'index_map') && first) {
        size = this.entryOf(first)?.value;
        const path = this.path(first);
        if (path) this.paths.set(node.id, [...path, id === 'index_list' ? '@items' : '@values']);
      }
      if (id.startsWith('add_') && first && second) this.unite(node, first, second);
      size ??= this.sizeOf(node);
    }
    if (size) this.sizes.set(node.id, size);
    return costs.reduce(plus, plus(sum, total ?? fixed(0)));
  }

  private unite({ id }: Node, a: Node, b: Node): void {
    const [left, right] = [this.entryOf(a), this.entryOf(b)];
    if (left && right)
      this.entries.set(id, { kind: left.kind, key: union(left.key, right.key), value: union(left.value, right.value) });
  }

  private copySizes(to: Node, from: Node): void {
    const [size, entry] = [this.sizeOf(from), this.entryOf(from)];
    if (size) this.sizes.set(to.id, size);
    if (entry) this.entries.set(to.id, entry);
  }

  private argument(node: Node): Argument {
    const path = this.path(node);
    const type = this.type(node);
    return {
      node,
      type,
      size: this.sizeOf(node),
      itemSize: () => (path ? this.sizeAt([...path, '@items']) : undefined),
    };
  }

  private fold(node: FoldNode): Range {
    const { range, init, condition, step, result, accumulator, variable, second } = node;
    let sum = plus(this.cost(range), this.cost(init));
    const made: Local = { path: this.path(init), size: this.sizeOf(init), entry: this.entryOf(init) };
    const isBind =
      range.kind === 'list' && range.items.length === 0 && condition.kind === 'literal' && condition.value === false;
    if (isBind) {
      sum = plus(
        sum,
        this.within(accumulator, made, () => this.cost(result)),
      );
      this.copySizes(node, result);
      return sum;
    }
    return this.within(accumulator, made, () => {
      const entry = this.entryOf(range);
      const kind = entry?.kind ?? this.type(range).kind;
      const path = this.path(range);
      const at = (part: string) => (path ? [...path, part] : undefined);
      const key: Local = { path: at(kind === 'list' ? '@indices' : '@keys'), size: entry?.key, entry: undefined };
      const value: Local = { path: at(kind === 'list' ? '@items' : '@values'), size: entry?.value, entry: undefined };
      const round = () => plus(this.cost(condition), this.cost(step));
      const each =
        second === undefined
          ? this.within(variable, kind === 'list' ? value : key, round)
          : this.within(variable, key, () => this.within(second, value, round));
      sum = plus(sum, this.cost(result));
      const count = this.sizeOf(range) ?? unknown;
      if (init.kind === 'literal') this.sizes.set(node.id, fixed(1));
      else if (init.kind === 'list' || init.kind === 'map') {
        this.sizes.set(node.id, count);
        const stepEntry = this.entryOf(step);
        if (stepEntry) this.entries.set(node.id, stepEntry);
      }
      return plus(sum, times(count, each));
    });
  }

  /** From a variable down to where the value is; undefined where it is none that a variable holds. */
  private path(node: Node): readonly string[] | undefined {
    if (node.kind === 'ident') {
      const local = this.local(node.name);
      if (local) return local.path;
    }
    return this.paths.get(node.id);
  }

  private sizeOf(node: Node): Range | undefined {
    const known = this.sizes.get(node.id) ?? literalSize(node);
    if (known) return known;
    const path = this.path(node);
    const declared = path && this.sizeAt(path);
    if (declared) {
      this.sizes.set(node.id, declared);
      return declared;
    }
    if (isScalar(this.type(node))) return fixed(1);
    return node.kind === 'ident' ? this.local(node.name)?.size : undefined;
  }

  private sizeAt([variable = '', ...steps]: readonly string[]): Range | undefined {
    let at = this.variables.get(variable);
    for (const step of steps) {
      if (step === '@items' || step === '@values') at = at?.item;
      else at = step === '@keys' ? at?.key : at?.fields?.get(step);
    }
    return at && { min: 0, max: at.most };
  }

  private entryOf(node: Node): EntrySize | undefined {
    const known = this.entries.get(node.id);
    if (known || node.kind !== 'ident') return known;
    return this.local(node.name)?.entry;
  }
}

function literalSize(node: Node): Range | undefined {
  switch (node.kind) {
    case 'literal': {
      const { value } = node;
      if (typeof value === 'string') return fixed(lengthOf(value));
      return fixed(value instanceof Uint8Array && !isUint(value) ? value.length : 1);
    }
    case 'list':
      return fixed(node.items.length);
    case 'map':
      return fixed(node.entries.length);
    default:
      return undefined;
  }
}

function isScalar(type: Type): boolean {
  if (type.name === 'optional_type' && type.params[0]) return isScalar(type.params[0]);
  return ['bool', 'int', 'uint', 'double', 'timestamp', 'duration'].includes(type.kind);
}
