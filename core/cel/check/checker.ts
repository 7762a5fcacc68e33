// Finds the type of each node, and what names and calls stand for. Source: CEL specification, "Gradual Type Checking"; the texts and
// places of errors are cel-go's.

import { type Problem, SyntaxProblem } from '../syntax/problem.ts';
import {
  type CallNode,
  type FoldNode,
  isUint,
  type Literal,
  type Node,
  operators,
  qualifiedName,
} from '../syntax/tree.ts';
import * as t from '../types/types.ts';
import { areAssignable, Bindings, isAssignable, mostGeneral, substitute } from '../types/unify.ts';
import type { Environment, FunctionDeclaration, Overload } from './environment.ts';

type Type = t.Type;

export interface ResolvedCall {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** Whether the call's target is an argument; it may be the first part of the function's name. */
  readonly member: boolean;
}

export interface Checked {
  readonly node: Node;
  readonly type: Type;
  /** By the numbers of nodes. */
  readonly types: readonly Type[];
  readonly calls: readonly (ResolvedCall | undefined)[];
  /** What identifiers, and selections that are one name with dots, stand for. */
  readonly names: readonly (string | undefined)[];
}

export function check(
  node: Node,
  size: number,
  env: Environment,
): { readonly checked: Checked } | { readonly problems: readonly Problem[] } {
  const checker = new Checker(size, env);
  const { bindings, types, calls, names } = checker;
  let final: Type[];
  try {
    checker.visit(node);
    final = types.map((each) => substitute(bindings, each, 'dyn'));
  } catch (error) {
    if (error instanceof SyntaxProblem) return { problems: [{ message: error.message, at: error.at }] };
    throw error;
  }
  if (checker.problems.length > 0) return { problems: checker.problems };
  return { checked: { node, type: final[node.id] as Type, types: final, calls, names } }; // every node was visited
}

class Checker {
  readonly env: Environment;
  readonly types: Type[];
  readonly calls: (ResolvedCall | undefined)[];
  readonly names: (string | undefined)[];
  readonly problems: Problem[] = [];
  readonly bindings = new Bindings();
  /** The names of loops, the innermost last. */
  readonly scopes: (readonly [string, Type])[] = [];
  variables = 0;

  constructor(size: number, env: Environment) {
    this.env = env;
    this.types = new Array(size);
    this.calls = new Array(size);
    this.names = new Array(size);
  }

  fail(at: number, message: string): Type {
    this.problems.push({ at, message });
    return t.errorType;
  }

  visit(node: Node): Type {
    // A macro may put one node in two places.
    const known = this.types[node.id];
    if (known) return known;
    const type = this.find(node);
    if (t.isLarge(type)) throw new SyntaxProblem('the types of the expression are too large to be checked', node.at);
    this.types[node.id] = type;
    return type;
  }

  find(node: Node): Type {
    switch (node.kind) {
      case 'literal':
        return literalType(node.value);
      case 'ident':
        return this.named(node.id, node.name) ?? this.fail(node.at, undeclared(node.name));
      case 'select': {
        const qualified = qualifiedName(node);
        const type = qualified?.includes('.') ? this.named(node.id, qualified) : undefined;
        if (type) return type;
        const field = this.field(node.at, this.visit(node.operand), node.field, false);
        return node.test ? t.bool : substitute(this.bindings, field, 'keep');
      }
      case 'call':
        return this.call(node);
      case 'list':
        return this.list(node.items, node.optional);
      case 'map':
        return this.map(node);
      case 'struct':
        return this.struct(node);
      case 'fold':
        return this.fold(node);
    }
  }

  named(id: number, written: string): Type | undefined {
    const absolute = written.startsWith('.');
    const name = absolute ? written.slice(1) : written;
    if (!absolute && !name.includes('.'))
      for (let at = this.scopes.length - 1; at >= 0; at -= 1) {
        const [local, type] = this.scopes[at] as readonly [string, Type]; // within the length
        if (local === name) return type;
      }
    const type = this.env.variables.get(name) ?? this.env.constants.get(name)?.type;
    if (type) this.names[id] = name;
    return type;
  }

  field(at: number, of: Type, name: string, optional: boolean): Type {
    const operand = substitute(this.bindings, of, 'keep');
    const wrapped = t.isOptional(operand);
    const target = wrapped ? (operand.params[0] as Type) : operand; // an optional has one
    const result = this.fieldType(at, target, name);
    return wrapped || optional ? t.optional(result) : result;
  }

  fieldType(at: number, target: Type, name: string): Type {
    switch (target.kind) {
      case 'map':
        return target.params[1] as Type; // a map has two
      case 'struct':
        return this.env.structs(target.name)?.field(name) ?? this.fail(at, `undefined field '${name}'`);
      case 'param':
        isAssignable(this.bindings, t.dyn, target);
        return t.dyn;
      case 'dyn':
      case 'error':
        return t.dyn;
      default:
        this.fail(at, `type '${t.formatType(target)}' does not support field selection`);
        return t.dyn;
    }
  }

  call(node: CallNode): Type {
    const { name, target, args } = node;
    if (name === operators.optionalSelect) return this.optionalSelect(node);
    for (const each of args) this.visit(each);
    if (!target) {
      const known = this.env.functions.get(name.startsWith('.') ? name.slice(1) : name);
      return known ? this.resolve(node, known, undefined) : this.fail(node.at, undeclared(name));
    }
    // `a.b.c()` is either the function a.b.c or c of a.b.
    const prefix = qualifiedName(target);
    const qualified = prefix === undefined ? undefined : this.env.functions.get(`${prefix}.${name}`);
    if (qualified) return this.resolve(node, qualified, undefined);
    this.visit(target);
    const known = this.env.functions.get(name);
    return known ? this.resolve(node, known, target) : this.fail(node.at, undeclared(name));
  }

  optionalSelect({ id, at, args }: CallNode): Type {
    const [operand, field] = args;
    const overloads = this.env.functions.get(operators.optionalSelect)?.overloads ?? [];
    if (!operand || field?.kind !== 'literal' || typeof field.value !== 'string' || overloads.length === 0)
      return this.fail(at, undeclared(operators.optionalSelect));
    const type = this.field(at, this.visit(operand), field.value, true);
    this.types[field.id] = t.string;
    this.calls[id] = { name: operators.optionalSelect, overloads, member: false };
    return substitute(this.bindings, type, 'keep');
  }

  resolve({ id, at, args }: CallNode, { name, overloads }: FunctionDeclaration, target: Node | undefined): Type {
    const nodes = target ? [target, ...args] : args;
    const types = nodes.map((each) => this.types[each.id] as Type); // they were visited
    if (name === operators.and || name === operators.or) {
      let failed = false;
      for (const [index, type] of types.entries())
        if (!isAssignable(this.bindings, type, t.bool)) {
          this.mismatch(nodes[index]?.at ?? at, t.bool, type);
          failed = true;
        }
      this.calls[id] = { name, overloads, member: false };
      return failed ? t.errorType : t.bool;
    }
    const member = target !== undefined;
    const found: Overload[] = [];
    let result: Type | undefined;
    for (const each of overloads) {
      if (each.member !== member || each.args.length !== types.length) continue;
      const fresh = this.instantiate(each);
      if (!areAssignable(this.bindings, types, fresh.args)) continue;
      found.push(each);
      const own = substitute(this.bindings, fresh.result, 'keep');
      if (!result) result = own;
      else if (result.kind !== 'dyn' && !t.sameType(own, result)) result = t.dyn;
    }
    if (!result) {
      const known = types.map((each) => substitute(this.bindings, each, 'dyn'));
      const signature = t.formatSignature(known, member);
      return this.fail(at, `found no matching overload for '${name}' applied to '${signature}'`);
    }
    this.calls[id] = { name, overloads: found, member };
    return result;
  }

  /** An overload whose type parameters are this call's own. */
  instantiate({ params, args, result }: Overload): Pick<Overload, 'args' | 'result'> {
    if (params.length === 0) return { args, result };
    const own = new Map(params.map((each) => [each, this.variable()]));
    const replaced = (type: Type): Type => {
      if (type.kind === 'param') return own.get(type.name) ?? type;
      return type.params.length === 0 ? type : { ...type, params: type.params.map(replaced) };
    };
    return { args: args.map(replaced), result: replaced(result) };
  }

  variable(): Type {
    this.variables += 1;
    return t.param(`_var${this.variables - 1}`);
  }

  list(items: readonly Node[], optional: ReadonlySet<number>): Type {
    let joined: Type | undefined;
    for (const [index, each] of items.entries()) joined = this.join(joined, this.element(each, optional.has(index)));
    return t.list(joined ?? this.variable());
  }

  map({ entries }: Extract<Node, { kind: 'map' }>): Type {
    let key: Type | undefined;
    let value: Type | undefined;
    for (const each of entries) {
      key = this.join(key, this.visit(each.key));
      value = this.join(value, this.element(each.value, each.optional));
    }
    return t.map(key ?? this.variable(), value ?? this.variable());
  }

  /** What a part of a literal adds to it; of an optional one, what is in it. */
  element(node: Node, optional: boolean): Type {
    const type = this.visit(node);
    if (!optional) return type;
    if (t.isOptional(type)) return type.params[0] as Type; // an optional has one
    if (type.kind !== 'dyn') this.mismatch(node.at, t.optional(type), type);
    return type;
  }

  join(before: Type | undefined, type: Type): Type {
    if (!before) return type;
    return isAssignable(this.bindings, before, type) ? mostGeneral(before, type) : t.dyn;
  }

  struct({ type: written, fields, at }: Extract<Node, { kind: 'struct' }>): Type {
    const name = written.startsWith('.') ? written.slice(1) : written;
    const struct = this.env.structs(name);
    if (!struct?.make) {
      const known = this.env.variables.get(name) ?? this.env.constants.get(name)?.type;
      if (!known) return this.fail(at, undeclared(written));
      if (known.kind !== 'type') return this.fail(at, `'${t.formatType(known)}' is not a type`);
      return this.fail(at, `'${name}' is not a message type`);
    }
    for (const { name: field, value, optional, at: place } of fields) {
      const type = this.element(value, optional);
      const wanted = struct.field(field) ?? this.fail(place, `undefined field '${field}'`);
      if (!isAssignable(this.bindings, wanted, type)) {
        const [should, is] = [wanted, type].map((each) => t.formatType(substitute(this.bindings, each, 'dyn')));
        this.fail(place, `expected type of field '${field}' is '${should}' but provided type is '${is}'`);
      }
    }
    return t.struct(name);
  }

  fold({ range, variable, second, accumulator, init, condition, step, result }: FoldNode): Type {
    const over = substitute(this.bindings, this.visit(range), 'keep');
    const accumulated = this.visit(init);
    const [first, next] = this.loopTypes(range, over, second !== undefined);
    this.scopes.push([accumulator, accumulated]);
    const { length } = this.scopes;
    this.scopes.push([variable, first]);
    if (second !== undefined) this.scopes.push([second, next]);
    this.visit(condition);
    this.expectType(condition, t.bool);
    this.visit(step);
    this.expectType(step, accumulated);
    this.scopes.length = length;
    const type = this.visit(result);
    this.scopes.length = length - 1;
    return substitute(this.bindings, type, 'keep');
  }

  /** Of the variables of a loop. */
  loopTypes(range: Node, over: Type, two: boolean): readonly [Type, Type] {
    const [key = t.dyn, value = t.dyn] = over.params;
    switch (over.kind) {
      case 'list':
        return two ? [t.int, key] : [key, key];
      case 'map':
        return [key, value];
      case 'param':
        isAssignable(this.bindings, t.dyn, over);
        return [t.dyn, t.dyn];
      case 'dyn':
      case 'error':
        return [t.dyn, t.dyn];
      default: {
        const words = 'cannot be range of a comprehension (must be list, map, or dynamic)';
        this.fail(range.at, `expression of type '${t.formatType(over)}' ${words}`);
        return [t.errorType, t.errorType];
      }
    }
  }

  expectType(node: Node, wanted: Type): void {
    const type = this.types[node.id] as Type; // it was visited
    if (!isAssignable(this.bindings, wanted, type)) this.mismatch(node.at, wanted, type);
  }

  mismatch(at: number, wanted: Type, type: Type): void {
    const [should, is] = [wanted, type].map((each) => t.formatType(substitute(this.bindings, each, 'dyn')));
    this.fail(at, `expected type '${should}' but found '${is}'`);
  }
}

function undeclared(name: string): string {
  return `undeclared reference to '${name}' (in container '')`;
}

function literalType(value: Literal): Type {
  switch (typeof value) {
    case 'boolean':
      return t.bool;
    case 'bigint':
      return t.int;
    case 'number':
      return t.double;
    case 'string':
      return t.string;
    default:
      return value === null ? t.nullType : isUint(value) ? t.uint : t.bytes;
  }
}
