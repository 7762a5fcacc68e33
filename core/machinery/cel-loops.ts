// Loops of two variables: `labels.all(key, value, ...)`, `list.transformMap(index, value, ...)`; and `existsOne`, the newer name of
// `exists_one`. Source: cel-go's extension "two-variable comprehensions", which Kubernetes has since 1.33.

import { type ASTNode, type Environment, ParseError } from '@marcbachmann/cel-js';

export function registerCelLoops(environment: Environment): void {
  const add = (name: string, size: number, loop: Loop) => {
    const given = Array<string>(size).fill('ast').join(', ');
    // The library's macros are handlers with arguments of this type; its declarations leave them out.
    environment.registerFunction(`list.${name}(${given}): ${loop.result}`, (call: MacroCall) =>
      macro(call, name, loop),
    );
  };
  add('all', 3, { result: 'bool', variables: 2, run: (rounds) => quantified(rounds, false) });
  add('exists', 3, { result: 'bool', variables: 2, run: (rounds) => quantified(rounds, true) });
  add('existsOne', 2, { result: 'bool', variables: 1, run: isOne });
  add('existsOne', 3, { result: 'bool', variables: 2, run: isOne });
  add('exists_one', 3, { result: 'bool', variables: 2, run: isOne });
  for (const size of [3, 4]) {
    add('transformList', size, {
      result: 'list<dyn>',
      variables: 2,
      run: (rounds) => Array.from(kept(rounds), ({ value }) => value()),
    });
    add('transformMap', size, { result: 'map<dyn, dyn>', variables: 2, run: transformedMap });
    add('transformMapEntry', size, { result: 'map<dyn, dyn>', variables: 2, run: transformedEntries });
  }
}

interface Loop {
  readonly result: string;
  readonly variables: 1 | 2;
  readonly run: (rounds: Iterable<Round>) => unknown;
}

/** To be used before the next one is asked for: they share the variables. */
interface Round {
  /** The key of a map, the index of a list. */
  readonly key: unknown;
  /** Whether this element is meant. */
  readonly passes: () => boolean;
  /** What the loop's last argument makes of it. */
  readonly value: () => unknown;
  readonly fail: (message: string) => Error;
}

/** Errors of single elements count only where no other element decides, as in `||` and `&&`. */
function quantified(rounds: Iterable<Round>, decisive: boolean): boolean {
  let failure: unknown;
  for (const round of rounds) {
    try {
      if (boolOf(round) === decisive) return decisive;
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return !decisive;
}

function isOne(rounds: Iterable<Round>): boolean {
  let count = 0;
  for (const round of rounds) if (boolOf(round)) count += 1;
  return count === 1;
}

function* kept(rounds: Iterable<Round>): Iterable<Round> {
  for (const round of rounds) if (round.passes()) yield round;
}

function transformedMap(rounds: Iterable<Round>): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const { key, value } of kept(rounds)) result.set(key, value());
  return result;
}

function transformedEntries(rounds: Iterable<Round>): Map<unknown, unknown> {
  const result = new Map<unknown, unknown>();
  for (const round of kept(rounds)) {
    const made = round.value();
    if (typeof made !== 'object' || made === null || Array.isArray(made))
      throw round.fail('transformMapEntry needs a map for each element');
    for (const [key, value] of made instanceof Map ? made : Object.entries(made)) {
      if (result.has(key)) throw round.fail(`insert failed: key ${String(key)} already exists`);
      result.set(key, value);
    }
  }
  return result;
}

function boolOf({ value, fail }: Round): boolean {
  const result = value();
  if (typeof result !== 'boolean') throw fail('the predicate must return bool');
  return result;
}

// What the library works with inside, as far as it is used here.

interface Type {
  readonly kind: string;
  readonly keyType: Type;
  readonly valueType: Type;
  isDynOrBool(): boolean;
}

interface Scope {
  forkWithVariable(name: string, type: Type): Scope;
  reuse(parent: Scope): Scope;
  setIterValue(value: unknown, evaluator: Evaluator): Scope;
}

interface Checker {
  readonly registry: { getListType(type: Type): Type; getMapType(key: Type, value: Type): Type };
  check(node: ASTNode, scope: Scope): Type;
  getType(name: string): Type;
  formatType(type: Type): string;
  createError(code: string, message: string, node: ASTNode): Error;
}

interface Evaluator {
  run(node: ASTNode, scope: Scope): unknown;
  createError(code: string, message: string, node: ASTNode): Error;
}

interface MacroCall {
  readonly receiver: ASTNode;
  readonly args: readonly ASTNode[];
}

/** The variables' scopes, the inner one last. */
type Scopes = readonly [Scope, Scope?];

function macro({ receiver, args }: MacroCall, name: string, { variables, run }: Loop) {
  const names = args.slice(0, variables).map((node) => variableName(node, name));
  const body = args.at(-1) ?? receiver;
  const filter = args.length === variables + 2 ? args[variables] : undefined;
  let scopes: Scopes;
  return {
    async: false,
    typeCheck(checker: Checker, _: unknown, scope: Scope): Type {
      const { kind, key, value } = rangeOf(checker, receiver, scope);
      const [first = '', second] = names;
      const outer = scope.forkWithVariable(first, second === undefined && kind === 'list' ? value : key);
      const inner = second === undefined ? undefined : outer.forkWithVariable(second, value);
      scopes = [outer, inner];
      if (filter) checkBool(checker, filter, inner ?? outer, name);
      if (!name.startsWith('transform')) {
        checkBool(checker, body, inner ?? outer, name);
        return checker.getType('bool');
      }
      const made = checker.check(body, inner ?? outer);
      if (name === 'transformList') return checker.registry.getListType(made);
      if (name === 'transformMap') return checker.registry.getMapType(key, made);
      if (made.kind !== 'map' && made.kind !== 'dyn')
        throw checker.createError('invalid_comprehension_step', 'transformMapEntry needs a map for each element', body);
      return made;
    },
    evaluate(evaluator: Evaluator, _: unknown, scope: Scope): unknown {
      const range = evaluator.run(receiver, scope);
      const fail = (message: string) => evaluator.createError('invalid_comprehension', message, receiver);
      return run(rounds());

      function* rounds(): Iterable<Round> {
        for (const [key, element] of entriesOf(range, fail)) {
          const outer = scopes[0].reuse(scope);
          const only = Array.isArray(range) ? element : key;
          outer.setIterValue(variables === 1 ? only : key, evaluator);
          const within = scopes[1]?.reuse(outer).setIterValue(element, evaluator) ?? outer;
          yield {
            key,
            fail,
            value: () => evaluator.run(body, within),
            passes() {
              if (!filter) return true;
              const passes = evaluator.run(filter, within);
              if (typeof passes !== 'boolean') throw fail('the filter must return bool');
              return passes;
            },
          };
        }
      }
    },
  };
}

function variableName(node: ASTNode, loop: string): string {
  if (node.op === 'id') return node.args;
  throw new ParseError({ code: 'invalid_macro_argument', message: `${loop}: argument must be a simple name`, node });
}

interface Range {
  readonly kind: string;
  readonly key: Type;
  readonly value: Type;
}

function rangeOf(checker: Checker, receiver: ASTNode, scope: Scope): Range {
  const type = checker.check(receiver, scope);
  switch (type.kind) {
    case 'dyn':
      return { kind: type.kind, key: checker.getType('dyn'), value: checker.getType('dyn') };
    case 'list':
      return { kind: type.kind, key: checker.getType('int'), value: type.valueType };
    case 'map':
      return { kind: type.kind, key: type.keyType, value: type.valueType };
    default:
      throw checker.createError(
        'invalid_comprehension_range',
        `Expression of type '${checker.formatType(type)}' cannot be range of a comprehension (must be list, map, or dynamic).`,
        receiver,
      );
  }
}

function checkBool(checker: Checker, node: ASTNode, scope: Scope, name: string): void {
  const type = checker.check(node, scope);
  if (!type.isDynOrBool())
    throw checker.createError(
      'invalid_condition_type',
      `${name} predicate must return bool, got '${checker.formatType(type)}'`,
      node,
    );
}

function entriesOf(range: unknown, fail: (message: string) => Error): Iterable<readonly [unknown, unknown]> {
  if (Array.isArray(range)) return range.map((each, index) => [BigInt(index), each] as const);
  if (range instanceof Map) return range;
  if (typeof range === 'object' && range !== null && Object.getPrototypeOf(range) === Object.prototype)
    return Object.entries(range);
  throw fail('the range of a comprehension must be a list or a map');
}
