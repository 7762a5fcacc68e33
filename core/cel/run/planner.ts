// From a checked tree to closures. What each costs is what cel-go's evaluator counts: one for a name and for each step down from it,
// nothing for a literal, for `&&`, `||` and `?:`, and for has(). Source: cel-go's interpreter and its runtime costs.

import type { Checked } from '../check/checker.ts';
import type { Environment } from '../check/environment.ts';
import { isUint, type Literal, type Node, operators } from '../syntax/tree.ts';
import { PlainList } from '../values/lists.ts';
import { type KeyOf, keyOf, PlainMap } from '../values/maps.ts';
import { Failure, fail, noSuchOverload, Optional, Uint, type Value } from '../values/values.ts';
import { planCall } from './calls.ts';
import { listCost, mapCost, structCost } from './costs.ts';
import { planFold } from './folds.ts';
import { charge, type Frame, type Step } from './frame.ts';
import { constantly, type Plan, type Planning } from './plan.ts';
import { atIndex, field, hasField, optionalField, optionalIndex } from './selection.ts';

export function plan(checked: Checked, env: Environment, slots: ReadonlyMap<string, number>): Step {
  return new Planner(checked, env, slots).node(checked.node).step;
}

class Planner implements Planning {
  readonly checked: Checked;
  readonly env: Environment;
  private readonly variables: ReadonlyMap<string, number>;
  private readonly plans = new Map<number, Plan>();
  /** The names of loops around, the innermost last. */
  private readonly locals: (readonly [string, number])[] = [];
  private nextSlot: number;

  constructor(checked: Checked, env: Environment, variables: ReadonlyMap<string, number>) {
    this.checked = checked;
    this.env = env;
    this.variables = variables;
    this.nextSlot = variables.size;
  }

  node(node: Node): Plan {
    const known = this.plans.get(node.id);
    if (known) return known;
    const made = this.make(node);
    this.plans.set(node.id, made);
    return made;
  }

  /** A slot for a name of a loop, while `within` is planned. */
  local<T>(names: readonly string[], within: (slots: readonly number[]) => T): T {
    const slots = names.map((name) => {
      const slot = this.nextSlot;
      this.nextSlot += 1;
      this.locals.push([name, slot]);
      return slot;
    });
    const result = within(slots);
    this.locals.length -= names.length;
    return result;
  }

  private make(node: Node): Plan {
    switch (node.kind) {
      case 'literal':
        return constantly(literalValue(node.value));
      case 'list':
        return this.list(node);
      case 'map':
        return this.map(node);
      case 'struct':
        return { step: this.struct(node), constant: undefined };
      case 'fold':
        return { step: planFold(this, node), constant: undefined };
      case 'ident':
        return this.identifier(node.id, node.name);
      case 'select': {
        const qualified = this.checked.names[node.id];
        return qualified === undefined
          ? { step: this.path(node, 1), constant: undefined }
          : this.identifier(node.id, qualified);
      }
      case 'call':
        if (isPath(node)) return { step: this.path(node, 1), constant: undefined };
        return planCall(this, node);
    }
  }

  private identifier(id: number, written: string): Plan {
    const slot = this.slotOf(id, written);
    if (slot === undefined) {
      const name = this.checked.names[id] ?? written;
      const constant = this.env.constants.get(name);
      // Names of types cost what a name costs.
      const value = constant ? constant.value : fail(`no such attribute(s): ${name}`);
      return { step: counted(value), constant: undefined };
    }
    return { step: this.read(slot, written, 1), constant: undefined };
  }

  private slotOf(id: number, written: string): number | undefined {
    const name = this.checked.names[id];
    if (name !== undefined) return this.variables.get(name);
    return this.locals.findLast(([local]) => local === written)?.[1];
  }

  private read(slot: number, name: string, base: number): Step {
    return (frame) => {
      frame.cost += base;
      const value = frame.slots[slot];
      return value === undefined ? fail(`no such attribute(s): ${name}`) : value;
    };
  }

  /**
   * A name, or what is below one: cel-go's attribute. It costs `base`, which is nothing in a branch of `?:` and as an index, and one for
   * each step down.
   */
  path(node: Node, base: number): Step {
    if (node.kind === 'ident' || this.checked.names[node.id] !== undefined) {
      const written = node.kind === 'ident' ? node.name : (this.checked.names[node.id] ?? '');
      const slot = this.slotOf(node.id, written);
      if (slot !== undefined) return this.read(slot, written, base);
      return this.node(node).step;
    }
    if (node.kind === 'select') return this.selection(this.path(node.operand, base), node.field, node.test);
    if (node.kind === 'call' && isPath(node)) return this.pathCall(node, base);
    const { step } = this.node(node);
    return (frame) => {
      frame.cost += base;
      return step(frame);
    };
  }

  private selection(operand: Step, name: string, test: boolean): Step {
    if (test)
      return (frame) => {
        // The name itself costs nothing here, but what it stands below does.
        const value = operand(frame);
        return value instanceof Failure ? value : hasField(value, name);
      };
    return (frame) => {
      const value = operand(frame);
      frame.cost += 1;
      return value instanceof Failure ? value : field(value, name);
    };
  }

  private pathCall(node: Extract<Node, { kind: 'call' }>, base: number): Step {
    const [first, second, third] = node.args as readonly [Node, Node, Node]; // as many as the operator has
    if (node.name === operators.conditional) {
      const condition = this.node(first).step;
      return conditional(condition, this.branch(second), this.branch(third));
    }
    const operand = this.path(first, base);
    if (node.name === operators.optionalSelect) {
      const name = second.kind === 'literal' ? String(second.value) : '';
      return (frame) => {
        const value = operand(frame);
        frame.cost += 1;
        return value instanceof Failure ? value : optionalField(value, name);
      };
    }
    const index = this.branch(second);
    const at = node.name === operators.index ? atIndex : optionalIndex;
    return (frame) => {
      const value = operand(frame);
      if (value instanceof Failure) return value;
      const key = index(frame);
      frame.cost += 1;
      return key instanceof Failure ? key : at(value, key);
    };
  }

  /** Where an attribute's own cost is not counted. */
  private branch(node: Node): Step {
    return isPath(node) ? this.path(node, 0) : this.node(node).step;
  }

  private list({ items, optional }: Extract<Node, { kind: 'list' }>): Plan {
    const plans = items.map((each) => this.node(each));
    if (optional.size === 0 && plans.every(({ constant }) => constant !== undefined))
      return constantly(new PlainList(plans.map(({ constant }) => constant as Value)));
    const steps = plans.map(({ step }) => step);
    const step = (frame: Frame): Value => {
      const values: Value[] = [];
      for (let index = 0; index < steps.length; index += 1) {
        const value = (steps[index] as Step)(frame); // within the length
        if (value instanceof Failure) return value;
        if (!optional.has(index)) values.push(value);
        else if (!(value instanceof Optional))
          return fail(`cannot initialize optional list element from non-optional value`);
        else if (value.value !== undefined) values.push(value.value);
      }
      charge(frame, listCost);
      return new PlainList(values);
    };
    return { step, constant: undefined };
  }

  private map({ entries }: Extract<Node, { kind: 'map' }>): Plan {
    const plans = entries.map(({ key, value, optional }) => {
      return { key: this.node(key), value: this.node(value), optional };
    });
    const step = (frame: Frame): Value => {
      const made = new Map<KeyOf, readonly [Value, Value]>();
      for (const each of plans) {
        const key = each.key.step(frame);
        if (key instanceof Failure) return key;
        const value = each.value.step(frame);
        if (value instanceof Failure) return value;
        const known = keyOf(key);
        if (known === undefined || typeof key === 'number') return fail('unsupported key type');
        if (made.has(known)) return fail(`Failed with repeated key`);
        if (!each.optional) made.set(known, [key, value]);
        else if (!(value instanceof Optional)) return fail('cannot initialize optional entry from non-optional value');
        else if (value.value !== undefined) made.set(known, [key, value.value]);
      }
      charge(frame, mapCost);
      return new PlainMap(made);
    };
    const isConstant = plans.every(
      ({ key, value, optional }) => key.constant !== undefined && value.constant !== undefined && !optional,
    );
    if (!isConstant) return { step, constant: undefined };
    const value = step({ slots: [], cost: 0, limit: mapCost });
    return value instanceof Failure ? { step, constant: undefined } : constantly(value);
  }

  private struct({ type, fields }: Extract<Node, { kind: 'struct' }>): Step {
    const make = this.env.structs(type.startsWith('.') ? type.slice(1) : type)?.make;
    const plans = fields.map(({ name, value, optional }) => ({ name, value: this.node(value).step, optional }));
    return (frame) => {
      const values = new Map<string, Value>();
      for (const each of plans) {
        const value = each.value(frame);
        if (value instanceof Failure) return value;
        if (!each.optional) values.set(each.name, value);
        else if (!(value instanceof Optional))
          return fail(`cannot initialize optional entry '${each.name}' from non-optional value`);
        else if (value.value !== undefined) values.set(each.name, value.value);
      }
      charge(frame, structCost);
      return make ? make(values) : fail(`unknown type: ${type}`);
    };
  }
}

function counted(value: Value): Step {
  return (frame) => {
    frame.cost += 1;
    return value;
  };
}

/** What cel-go resolves as one attribute. */
function isPath(node: Node): boolean {
  if (node.kind === 'ident') return true;
  if (node.kind === 'select') return true;
  return node.kind === 'call' && pathOperators.has(node.name);
}

const pathOperators: ReadonlySet<string> = new Set([
  operators.conditional,
  operators.index,
  operators.optionalIndex,
  operators.optionalSelect,
]);

function conditional(condition: Step, yes: Step, no: Step): Step {
  return (frame) => {
    const value = condition(frame);
    if (value === true) return yes(frame);
    if (value === false) return no(frame);
    return value instanceof Failure ? value : fail(noSuchOverload);
  };
}

function literalValue(value: Literal): Value {
  return isUint(value) ? new Uint(value.uint) : value;
}
