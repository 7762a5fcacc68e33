// Loops. Those that gather grow one list or map of their own, which nobody sees before they end: to join lists again and again
// would take the square of their length. Source: cel-go's comprehensions, and what each round of them costs.

import { type FoldNode, type Node, operators } from '../syntax/tree.ts';
import { PlainMap } from '../values/maps.ts';
import { showKey } from '../values/show.ts';
import { typeName } from '../values/type-of.ts';
import { Failure, fail, ListValue, MapValue, noSuchOverload, type Value } from '../values/values.ts';
import { both } from './calls.ts';
import { listCost } from './costs.ts';
import { charge, type Frame, type Step } from './frame.ts';
import type { Planning } from './plan.ts';

export function planFold(planner: Planning, node: FoldNode): Step {
  const range = planner.node(node.range).step;
  const init = planner.node(node.init).step;
  const names = [node.accumulator, node.variable, ...(node.second === undefined ? [] : [node.second])];
  return planner.local([node.accumulator], ([accumulator = 0]) => {
    const result = planner.node(node.result).step;
    // A name for a value: nothing is gone through.
    if (node.range.kind === 'list' && node.range.items.length === 0)
      return (frame) => {
        frame.slots[accumulator] = init(frame);
        return result(frame);
      };
    return planner.local(names.slice(1), ([variable = 0, second]) => {
      const { start, round } = rounds(planner, node, accumulator, init);
      return (frame) => {
        const over = range(frame);
        if (over instanceof Failure) return over;
        let value = start(frame);
        const visit = (first: Value, next: Value): boolean => {
          frame.slots[variable] = first;
          if (second !== undefined) frame.slots[second] = next;
          const made = round(frame, value);
          charge(frame, 0);
          if (made === undefined) return false;
          value = made;
          return true;
        };
        if (over instanceof ListValue) goThrough(over, second !== undefined, visit);
        else if (over instanceof MapValue) goThroughMap(over, second !== undefined, visit);
        else return fail(`got '${typeName(over)}', expected iterable type`);
        frame.slots[accumulator] = value;
        return result(frame);
      };
    });
  });
}

type Visit = (first: Value, second: Value) => boolean;

function goThrough(list: ListValue, two: boolean, visit: Visit): void {
  const { items } = list;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as Value; // within the length
    if (!(two ? visit(BigInt(index), item) : visit(item, null))) return;
  }
}

function goThroughMap(map: MapValue, two: boolean, visit: Visit): void {
  for (const key of map.keys()) if (!visit(key, two ? (map.find(key) ?? null) : null)) return;
}

interface Rounds {
  readonly start: Step;
  /** The accumulator after one more round; undefined: the loop ends before it. */
  readonly round: (frame: Frame, before: Value) => Value | undefined;
}

function rounds(planner: Planning, node: FoldNode, accumulator: number, init: Step): Rounds {
  const { condition, step } = node;
  const decided = quantifier(planner, node);
  if (decided) return { start: init, round: decided };
  const growing = gathering(planner, node);
  if (growing) return growing;
  const goesOn = planner.node(condition);
  const next = planner.node(step).step;
  return {
    start: init,
    round(frame, before) {
      frame.slots[accumulator] = before;
      if (goesOn.constant !== true && goesOn.step(frame) === false) return undefined;
      return next(frame);
    },
  };
}

/** all() and exists(): the loop ends with the first item that decides. */
function quantifier(planner: Planning, { condition, step, accumulator }: FoldNode): Rounds['round'] | undefined {
  if (condition.kind !== 'call' || condition.name !== operators.notStrictlyFalse || step.kind !== 'call')
    return undefined;
  const [own, predicate] = step.args;
  const isOwn = own?.kind === 'ident' && own.name === accumulator;
  if (!isOwn || !predicate || (step.name !== operators.and && step.name !== operators.or)) return undefined;
  const decides = step.name === operators.or;
  const holds = planner.node(predicate).step;
  // The condition reads the accumulator, which exists() negates.
  const conditionCost = decides ? 3 : 2;
  return (frame, before) => {
    frame.cost += conditionCost;
    if (before === decides) return undefined;
    frame.cost += 1;
    return both(before, holds(frame), decides);
  };
}

/** map(), filter() and those that transform: `accumulator + [item]`, `insert(accumulator, ...)`, and with a predicate before that. */
function gathering(planner: Planning, { init, condition, step, accumulator }: FoldNode): Rounds | undefined {
  if (condition.kind !== 'literal' || condition.value !== true) return undefined;
  const conditional = step.kind === 'call' && step.name === operators.conditional ? step : undefined;
  const grown = conditional ? conditional.args[1] : step;
  const [own, ...rest] = grown?.kind === 'call' ? grown.args : [];
  if (grown?.kind !== 'call' || own?.kind !== 'ident' || own.name !== accumulator) return undefined;
  const predicate = conditional?.args[0] && planner.node(conditional.args[0]).step;
  const guarded = (add: Rounds['round']): Rounds['round'] => {
    if (!predicate) return add;
    return (frame, before) => {
      const holds = predicate(frame);
      if (holds === true) return add(frame, before);
      if (holds === false) return before;
      return holds instanceof Failure ? holds : fail(noSuchOverload);
    };
  };
  if (grown.name === operators.add && init.kind === 'list' && rest[0]?.kind === 'list' && rest[0].items.length === 1)
    return gatheringList(planner.node(rest[0].items[0] as Node).step, guarded); // it has one
  if (grown.name === 'cel.@mapInsert' && init.kind === 'map')
    return gatheringMap(
      rest.map((each) => planner.node(each).step),
      guarded,
    );
  return undefined;
}

type Guarded = (add: Rounds['round']) => Rounds['round'];

function gatheringList(item: Step, guarded: Guarded): Rounds {
  return {
    start: () => new GrowingList(),
    round: guarded((frame, before) => {
      const value = item(frame);
      frame.cost += 2 + listCost;
      if (before instanceof Failure) return before;
      if (value instanceof Failure) return value;
      (before as GrowingList).values.push(value); // as it starts, and nothing else is made of it
      return before;
    }),
  };
}

class GrowingList extends ListValue {
  readonly values: Value[] = [];
  get size(): number {
    return this.values.length;
  }
  at(index: number): Value {
    return this.values[index] as Value; // within the size
  }
  override get items(): readonly Value[] {
    return this.values;
  }
}

function gatheringMap(entry: readonly Step[], guarded: Guarded): Rounds {
  const [first, second] = entry;
  return {
    start: () => new PlainMap(new Map()),
    round: guarded((frame, before) => {
      const key = first ? first(frame) : null;
      const value = second?.(frame);
      frame.cost += 2;
      if (before instanceof Failure) return before;
      if (key instanceof Failure) return key;
      if (value instanceof Failure) return value;
      const map = before as PlainMap; // as it starts, and nothing else is made of it
      if (value !== undefined) return insert(map, key, value);
      if (!(key instanceof MapValue)) return fail(noSuchOverload);
      for (const each of key.keys()) {
        const inserted = insert(map, each, key.find(each) ?? null);
        if (inserted instanceof Failure) return inserted;
      }
      return map;
    }),
  };
}

function insert(map: PlainMap, key: Value, value: Value): Value {
  return map.insert(key, value) ? map : fail(`insert failed: key ${showKey(key)} already exists`);
}
