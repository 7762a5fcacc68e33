// Calls of functions and operators. Source: CEL specification, "Evaluation"; cel-go's planner for what is worked out beforehand.

import type { ResolvedCall } from '../check/checker.ts';
import type { Overload } from '../check/environment.ts';
import type { Node } from '../syntax/tree.ts';
import { operators } from '../syntax/tree.ts';
import type { Type } from '../types/types.ts';
import { compare, equals } from '../values/equality.ts';
import { keepLinear } from '../values/linear.ts';
import { keyOf } from '../values/maps.ts';
import { hasType } from '../values/type-of.ts';
import { Failure, fail, ListValue, noSuchOverload, Optional, type Value } from '../values/values.ts';
import { type CallCost, callCost } from './costs.ts';
import { charge, type Frame, type Step } from './frame.ts';
import { constantly, type Plan, type Planning } from './plan.ts';

type CallNode = Extract<Node, { kind: 'call' }>;

export function planCall(planner: Planning, node: CallNode): Plan {
  const resolved = planner.checked.calls[node.id];
  if (!resolved) return { step: () => fail(`unknown function: ${node.name}`), constant: undefined };
  const nodes = resolved.member && node.target ? [node.target, ...node.args] : node.args;
  const plans = nodes.map((each) => planner.node(each));
  const steps = plans.map(({ step }) => step);
  const [first, second] = steps as [Step, Step]; // as many as the operators below have
  const special = connective(resolved.name, first, second);
  if (special) return { step: special, constant: undefined };
  const only = resolved.overloads.length === 1 ? resolved.overloads[0] : undefined;
  if (only?.id === 'in_list') {
    const known = plans[1]?.constant;
    const members = known instanceof ListValue ? memberships(known) : undefined;
    if (members) return { step: membership(first, members), constant: undefined };
  }
  const types = nodes.map((each) => planner.checked.types[each.id] as Type); // all were checked
  const invoke = invocation(resolved, types);
  const step = call(steps, invoke, callCost(resolved.name, only?.id ?? ''), node.at);
  const [argument] = plans;
  const pattern = matchers.has(resolved.name) ? plans[1]?.constant : undefined;
  if (typeof pattern === 'string') keepLinear(step, pattern);
  if (plans.length === 1 && argument?.constant !== undefined && conversions.has(resolved.name)) {
    const value = invoke([argument.constant]);
    // What cannot be converted fails where it runs; whoever checks a rule looks for it there.
    if (!(value instanceof Failure)) return constantly(value);
  }
  return { step, constant: undefined };
}

/** Functions whose second argument is a regular expression. */
const matchers: ReadonlySet<string> = new Set(['matches', 'find', 'findAll']);

/** Functions that are worked out beforehand where they are called with a literal. */
const conversions = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'uint',
  'type',
]);

function connective(name: string, first: Step, second: Step): Step | undefined {
  switch (name) {
    case operators.and:
      return (frame) => {
        const left = first(frame);
        if (left === false) return false;
        const right = second(frame);
        return both(left, right, false);
      };
    case operators.or:
      return (frame) => {
        const left = first(frame);
        if (left === true) return true;
        const right = second(frame);
        return both(left, right, true);
      };
    case 'or':
      return (frame) => {
        const left = first(frame);
        return left instanceof Optional && left.value === undefined ? second(frame) : asOptional(left);
      };
    case 'orValue':
      return (frame) => {
        const left = first(frame);
        if (!(left instanceof Optional)) return asOptional(left);
        return left.value === undefined ? second(frame) : left.value;
      };
    default:
      return undefined;
  }
}

function asOptional(value: Value): Value {
  return value instanceof Optional || value instanceof Failure ? value : fail(noSuchOverload);
}

/** `decides`: what one side alone decides, whatever the other is. */
export function both(left: Value, right: Value, decides: boolean): Value {
  if (left === decides || right === decides) return decides;
  if (typeof left === 'boolean' && typeof right === 'boolean') return !decides;
  if (left instanceof Failure) return left;
  return right instanceof Failure ? right : fail(noSuchOverload);
}

type Invoke = (args: readonly Value[]) => Value;

/** The one overload that takes the arguments. */
function invocation({ name, overloads }: ResolvedCall, types: readonly Type[]): Invoke {
  const own = ordered.get(name);
  if (own) return own;
  if (name === operators.equals) return ([a, b]) => equals(a as Value, b as Value); // two, as is checked
  if (name === operators.notEquals) return ([a, b]) => !equals(a as Value, b as Value); // as above
  const [only] = overloads;
  if (overloads.length === 1 && only) {
    const isKnown = only.args.every(
      (each, index) => each.kind === 'dyn' || each.kind === 'param' || types[index]?.kind === each.kind,
    );
    return isKnown ? (args) => only.run(...args) : (args) => (takes(only, args) ? only.run(...args) : refusal(args));
  }
  return (args) => {
    for (const each of overloads) if (takes(each, args)) return each.run(...args);
    return refusal(args);
  };
}

function refusal(_args: readonly Value[]): Failure {
  return fail(noSuchOverload);
}

function takes({ args: types }: Overload, args: readonly Value[]): boolean {
  for (let index = 0; index < types.length; index += 1)
    if (!hasType(args[index] as Value, types[index] as Type)) return false; // as many
  return true;
}

const ordered: ReadonlyMap<string, Invoke> = new Map([
  [operators.less, ordering((order) => order < 0)],
  [operators.lessEquals, ordering((order) => order <= 0)],
  [operators.greater, ordering((order) => order > 0)],
  [operators.greaterEquals, ordering((order) => order >= 0)],
]);

function ordering(holds: (order: number) => boolean): Invoke {
  return ([a, b]) => {
    const order = compare(a as Value, b as Value); // two, as is checked
    return order === undefined ? fail(noSuchOverload) : holds(order);
  };
}

/** Arguments that are errors are the result; the first of them. */
function call(steps: readonly Step[], invoke: Invoke, cost: CallCost | undefined, at: number): Step {
  const finish = (frame: Frame, args: readonly Value[]): Value => {
    charge(frame, cost ? cost(args, frame.limit) : 1);
    for (const each of args) if (each instanceof Failure) return each;
    const value = invoke(args);
    if (value instanceof Failure) value.at ??= at;
    return value;
  };
  const [first, second] = steps;
  if (steps.length === 1 && first) return (frame) => finish(frame, [first(frame)]);
  if (steps.length === 2 && first && second) return (frame) => finish(frame, [first(frame), second(frame)]);
  return (frame) =>
    finish(
      frame,
      steps.map((each) => each(frame)),
    );
}

/** undefined where not all are scalars that can be looked up. */
function memberships(list: ListValue): ReadonlySet<Value> | undefined {
  const members = new Set<Value>();
  for (const each of list.items) {
    const key = memberKey(each);
    if (key === undefined) return undefined;
    members.add(key);
  }
  return members;
}

/** A fraction is no key of a map, and a member of a list. */
function memberKey(value: Value): Value | undefined {
  return typeof value === 'number' && !Number.isInteger(value) ? value : keyOf(value);
}

/** Costs nothing, as cel-go has it. */
function membership(of: Step, members: ReadonlySet<Value>): Step {
  return (frame) => {
    const value = of(frame);
    if (value instanceof Failure) return value;
    const key = memberKey(value);
    return key !== undefined && !Number.isNaN(key) && members.has(key);
  };
}
