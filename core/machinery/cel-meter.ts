// What a run of an expression costs, counted while it runs, in Kubernetes' units: one for a name, a field or a call, a tenth of a
// character for what goes through a text, an element for what goes through a list. A run that goes over its limit ends there.
// Source: KEP-2876, "Resource constraints"; CEL specification, "Performance".

import type { ASTNode } from '@marcbachmann/cel-js';

export interface CelMeter {
  /** Runs `work` within `limit`. Says what it cost, and whether that was too much: then its result means nothing. */
  within<T>(
    limit: number,
    work: () => T,
  ): { readonly result?: T; readonly error?: unknown; readonly cost: number; readonly over: boolean };
}

/** Costs of a node by itself, without its parts. */
const ownCosts: Readonly<Record<string, number>> = {
  value: 0,
  '||': 0,
  '&&': 0,
  '?:': 0,
  list: 10,
  map: 30,
  // A comparison costs what it goes through, which is one at least.
  '==': 0,
  '!=': 0,
  '<': 0,
  '<=': 0,
  '>': 0,
  '>=': 0,
};

/** An authorization check, which may have to be asked elsewhere: at most two fit into a run, as in Kubernetes. */
const checkCost = 350_000;

/** A round of a loop, beside its predicate: the condition, and what it gathers. */
export const roundCost = 4;

const loops = new Set(
  'all exists exists_one existsOne map filter transformList transformMap transformMapEntry'.split(' '),
);
const loopsOfOne = new Set(['map', 'filter']);

/** How many of the arguments of a call name the variables of a loop; 0 where it is none. */
export function loopVariables(name: string, args: number): 0 | 1 | 2 {
  if (!loops.has(name)) return 0;
  return loopsOfOne.has(name) || args === 2 ? 1 : 2;
}

/** Operations that go through their operands, and the part of a cost unit that an element of them is. */
export const traversal = 0.1;
const traversing = new Set(['+', '==', '!=', '<', '<=', '>', '>=']);
/** Functions of a text or a list that look at each of its elements. */
export const traversingCalls: ReadonlySet<string> = new Set(
  'contains startsWith endsWith matches matchesLinear find findAll split join replace lowerAsciiOnly upperAsciiOnly trim reverse indexOf lastIndexOf substring charAt isSorted sum min max format containsIP containsCIDR'.split(
    ' ',
  ),
);

/** Has the nodes of a checked expression count what they cost. `ast` belongs to one program, which runs one at a time. */
export function meterOf(ast: ASTNode): CelMeter {
  const state = { left: 0, over: false };
  const charge = (cost: number) => {
    state.left -= cost;
    if (state.left < 0) {
      state.over = true;
      // Loops go on after errors: every further step fails as soon as it begins.
      throw new CostExceeded();
    }
  };
  attach(ast, charge, 0);
  return {
    within(limit, work) {
      state.left = limit;
      state.over = false;
      try {
        const result = work();
        return { result, cost: limit - state.left, over: state.over };
      } catch (error) {
        return { error, cost: limit - state.left, over: state.over };
      }
    },
  };
}

class CostExceeded extends Error {}

type Evaluate = (evaluator: unknown, node: ASTNode, context: unknown) => unknown;

/** `more`: what a run of this node costs beside its own. Gives a way to ask for the size of its last result. */
function attach(node: ASTNode, charge: (cost: number) => void, more: number): () => number {
  const { op } = node;
  const operands = operandsOf(node).map(({ node: child, isBody }) => attach(child, charge, isBody ? roundCost : 0));
  const traverses = traversing.has(op) || op === 'in' || op === 'call' || op === 'rcall';
  const name = op === 'rcall' || op === 'call' ? String(node.args[0]) : op;
  const own = (op === 'rcall' && name === 'check' ? checkCost : (ownCosts[op] ?? 1)) + more;
  let last = 1;
  let settled = false;
  let inner = (node as unknown as { evaluate: Evaluate }).evaluate; // the library's own method, which its types leave out
  const metered: Evaluate = (evaluator, self, context) => {
    if (!settled) {
      // The first run only looks up which function evaluates this kind of node, sets it, and calls it.
      settled = true;
      return inner.call(node, evaluator, self, context);
    }
    charge(own);
    const result = inner.call(node, evaluator, self, context);
    last = sizeOf(result);
    if (traverses) charge(traversed(name, operands, last));
    return result;
  };
  Object.defineProperty(node, 'evaluate', {
    get: () => metered,
    set(next: Evaluate) {
      inner = next;
    },
  });
  return () => last;
}

function traversed(name: string, operands: readonly (() => number)[], result: number): number {
  const [first = 1, second = 1] = operands.map((each) => each());
  if (name === 'in') return second;
  if (name === '+') return Math.ceil((first + second) * traversal);
  if (traversing.has(name)) return Math.max(1, Math.ceil(Math.min(first, second) * traversal));
  if (name === 'contains' || name === 'matches' || name === 'matchesLinear')
    return Math.ceil((1 + first) * traversal * Math.max(1, second * 0.25));
  return traversingCalls.has(name) ? Math.ceil((first + result) * traversal) : 0;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return value instanceof Map ? value.size : 1;
}

export interface Operand {
  readonly node: ASTNode;
  /** It runs once for every element of the loop. */
  readonly isBody: boolean;
}

/** The parts of a node that are run: the names that loops and macros bind are not. */
export function operandsOf(node: ASTNode): Operand[] {
  if (node.op !== 'rcall') return nodesIn(node.args).map((each) => ({ node: each, isBody: false }));
  const [name, receiver, args] = node.args;
  const parts: readonly ASTNode[] = args;
  const variables = loopVariables(name, parts.length);
  if (variables > 0)
    return [{ node: receiver, isBody: false }, ...parts.slice(variables).map((each) => ({ node: each, isBody: true }))];
  return [receiver, ...parts].map((each) => ({ node: each, isBody: false }));
}

export function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  const isNode = typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
  return isNode ? [value as ASTNode] : []; // nothing else in a tree has both
}
