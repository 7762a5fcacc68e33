// Calls that are loops or presence tests. Source: CEL specification, "Macros"; cel-go's two-variable comprehensions, optional types and
// lists. What a macro becomes is what it costs, so each is cel-go's node by node.

import { SyntaxProblem } from './problem.ts';
import { type FoldNode, type Node, operators } from './tree.ts';
import type { TreeBuilder } from './tree-builder.ts';

/** A name that no expression can write. */
const accumulator = '@result';
const input = '@input';
const simpleName = 'argument must be a simple name';

/** undefined: no macro. */
export function expandGlobal(make: TreeBuilder, name: string, args: readonly Node[], at: number): Node | undefined {
  const [of] = args;
  if (name !== 'has' || args.length !== 1 || !of) return undefined;
  if (of.kind === 'select' && !of.test) return make.select(of.operand, of.field, true, at);
  throw new SyntaxProblem('invalid argument to has() macro', of.at);
}

/** undefined: no macro. */
export function expandMember(
  make: TreeBuilder,
  name: string,
  target: Node,
  args: readonly Node[],
  at: number,
): Node | undefined {
  const expand = macros.get(`${name}/${args.length}`);
  return expand?.({ make, target, args: args as [Node, Node, Node, Node], at }); // as many as the macro's name counts
}

interface Call {
  readonly make: TreeBuilder;
  readonly target: Node;
  /** As many as the macro takes. */
  readonly args: readonly [Node, Node, Node, Node];
  readonly at: number;
}

type Loop = Pick<FoldNode, 'init' | 'condition' | 'step' | 'result'>;

const macros: ReadonlyMap<string, (call: Call) => Node> = new Map([
  ['all/2', (call: Call) => one(call, allOf(call, call.args[1]), simpleName)],
  ['all/3', (call: Call) => two(call, allOf(call, call.args[2]))],
  ['exists/2', (call: Call) => one(call, someOf(call, call.args[1]), simpleName)],
  ['exists/3', (call: Call) => two(call, someOf(call, call.args[2]))],
  ...['exists_one', 'existsOne'].flatMap((name) => [
    [`${name}/2`, (call: Call) => one(call, oneOf(call, call.args[1]), simpleName)] as const,
    [`${name}/3`, (call: Call) => two(call, oneOf(call, call.args[2]))] as const,
  ]),
  ['map/2', (call: Call) => one(call, gathered(call, call.args[1]))],
  ['map/3', (call: Call) => one(call, gathered(call, call.args[2], call.args[1]))],
  ['filter/2', (call: Call) => one(call, gathered(call, call.args[0], call.args[1]))],
  ['transformList/3', (call: Call) => two(call, gathered(call, call.args[2]))],
  ['transformList/4', (call: Call) => two(call, gathered(call, call.args[3], call.args[2]))],
  ['transformMap/3', (call: Call) => two(call, inserted(call, keyed(call, call.args[2])))],
  ['transformMap/4', (call: Call) => two(call, inserted(call, keyed(call, call.args[3]), call.args[2]))],
  ['transformMapEntry/3', (call: Call) => two(call, inserted(call, [call.args[2]]))],
  ['transformMapEntry/4', (call: Call) => two(call, inserted(call, [call.args[3]], call.args[2]))],
  ['optMap/2', (call: Call) => optionalMap(call, false)],
  ['optFlatMap/2', (call: Call) => optionalMap(call, true)],
  ['sortBy/2', sortBy],
]);

function one({ make, target, args, at }: Call, loop: Loop, words = 'argument is not an identifier'): Node {
  const variable = nameOf(args[0], words);
  return make.fold({ range: target, variable, second: undefined, accumulator, ...loop }, at);
}

function two({ make, target, args, at }: Call, loop: Loop): Node {
  const [variable, second] = [nameOf(args[0], simpleName), nameOf(args[1], simpleName)];
  if (variable === second) throw new SyntaxProblem(`duplicate variable name: ${second}`, args[1].at);
  return make.fold({ range: target, variable, second, accumulator, ...loop }, at);
}

function nameOf(node: Node, words: string): string {
  if (node.kind !== 'ident' || node.name.startsWith('.')) throw new SyntaxProblem(words, node.at);
  if (node.name === '__result__')
    throw new SyntaxProblem('iteration variable overwrites accumulator variable', node.at);
  return node.name;
}

function allOf({ make, at }: Call, predicate: Node): Loop {
  const result = () => make.ident(accumulator, at);
  return {
    init: make.literal(true, at),
    condition: make.call(operators.notStrictlyFalse, [result()], at),
    step: make.call(operators.and, [result(), predicate], at),
    result: result(),
  };
}

function someOf({ make, at }: Call, predicate: Node): Loop {
  const result = () => make.ident(accumulator, at);
  return {
    init: make.literal(false, at),
    condition: make.call(operators.notStrictlyFalse, [make.call(operators.not, [result()], at)], at),
    step: make.call(operators.or, [result(), predicate], at),
    result: result(),
  };
}

function oneOf({ make, at }: Call, predicate: Node): Loop {
  const result = () => make.ident(accumulator, at);
  const counted = make.call(operators.add, [result(), make.literal(1n, at)], at);
  return {
    init: make.literal(0n, at),
    condition: make.literal(true, at),
    step: make.call(operators.conditional, [predicate, counted, result()], at),
    result: make.call(operators.equals, [result(), make.literal(1n, at)], at),
  };
}

function gathered(call: Call, item: Node, predicate?: Node): Loop {
  const { make, at } = call;
  const longer = make.call(operators.add, [make.ident(accumulator, at), make.list([item], at)], at);
  return growing(call, make.list([], at), longer, predicate);
}

function keyed({ make, args, at }: Call, value: Node): readonly Node[] {
  return [make.ident(nameOf(args[0], simpleName), at), value];
}

function inserted(call: Call, entry: readonly Node[], predicate?: Node): Loop {
  const { make, at } = call;
  const larger = make.call('cel.@mapInsert', [make.ident(accumulator, at), ...entry], at);
  return growing(call, make.map([], at), larger, predicate);
}

function growing({ make, at }: Call, init: Node, step: Node, predicate: Node | undefined): Loop {
  const result = () => make.ident(accumulator, at);
  return {
    init,
    condition: make.literal(true, at),
    step: predicate ? make.call(operators.conditional, [predicate, step, result()], at) : step,
    result: result(),
  };
}

/** A loop over nothing, whose accumulator is a name for `value` in `result`. */
function bind({ make, at }: Call, name: string, value: Node, result: Node): Node {
  return make.fold(
    {
      range: make.list([], at),
      variable: '#unused',
      second: undefined,
      accumulator: name,
      init: value,
      condition: make.literal(false, at),
      step: make.ident(name, at),
      result,
    },
    at,
  );
}

function optionalMap(call: Call, flat: boolean): Node {
  const { make, target, args, at } = call;
  const [variable, result] = args;
  const macro = flat ? 'optFlatMap' : 'optMap';
  if (variable.kind !== 'ident' || variable.name.startsWith('.'))
    throw new SyntaxProblem(`${macro}() variable name must be a simple identifier`, variable.at);
  // The target is the same node twice, not a copy: a chain of these would grow by powers of two.
  const bound = bind(call, variable.name, make.call('value', [], at, target), result);
  return make.call(
    operators.conditional,
    [
      make.call('hasValue', [], at, target),
      flat ? bound : make.call('optional.of', [bound], at),
      make.call('optional.none', [], at),
    ],
    at,
  );
}

function sortBy(call: Call): Node {
  const { make, target, args, at } = call;
  if (target.kind === 'literal' || target.kind === 'map' || target.kind === 'struct')
    throw new SyntaxProblem(
      'sortBy can only be applied to a list, identifier, comprehension, call or select expression',
      target.at,
    );
  const keys = one({ ...call, target: make.ident(input, at) }, gathered(call, args[1]));
  return bind(call, input, target, make.call('@sortByAssociatedKeys', [keys], at, make.ident(input, at)));
}
