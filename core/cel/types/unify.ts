// Which types fit which, and what type parameters stand for. Source: CEL specification, "Gradual Type Checking"; cel-go's checker,
// since which of two types a variable becomes shows in its errors.

import { SyntaxProblem } from '../syntax/problem.ts';
import { dyn, sameType, type Type } from './types.ts';

/** An expression of a hundred thousand characters takes a tenth of it. */
const mostSteps = 5_000_000;

/** What each type parameter stands for. Bindings are undone by going back to an earlier length of the trail. */
export class Bindings {
  private readonly known = new Map<string, Type>();
  private steps = 0;
  private readonly trail: { readonly name: string; readonly before: Type | undefined }[] = [];

  /** Types that are made of each other could grow by powers of two. */
  step(): void {
    this.steps += 1;
    if (this.steps > mostSteps) throw new SyntaxProblem('the types of the expression are too large to be checked', 0);
  }

  find(type: Type): Type | undefined {
    return type.kind === 'param' ? this.known.get(type.name) : undefined;
  }

  bind(param: Type, to: Type): void {
    this.trail.push({ name: param.name, before: this.known.get(param.name) });
    this.known.set(param.name, to);
  }

  /** Whether `attempt` holds; what it bound is forgotten where it does not. */
  attempt(attempt: () => boolean): boolean {
    const { length } = this.trail;
    if (attempt()) return true;
    while (this.trail.length > length) {
      const { name, before } = this.trail.pop() as { name: string; before: Type | undefined }; // it is not empty
      if (before) this.known.set(name, before);
      else this.known.delete(name);
    }
    return false;
  }
}

export function isAssignable(bindings: Bindings, from: Type, to: Type): boolean {
  return bindings.attempt(() => fits(bindings, from, to));
}

export function areAssignable(bindings: Bindings, from: readonly Type[], to: readonly Type[]): boolean {
  return bindings.attempt(() => allFit(bindings, from, to));
}

/** Parameters replaced by what they stand for; `free`: those that stand for nothing become dyn. */
export function substitute(bindings: Bindings, type: Type, free: 'dyn' | 'keep'): Type {
  bindings.step();
  const known = bindings.find(type);
  if (known) return substitute(bindings, known, free);
  if (type.kind === 'param') return free === 'dyn' ? dyn : type;
  if (type.params.length === 0) return type;
  const params = type.params.map((each) => substitute(bindings, each, free));
  return params.every((each, index) => each === type.params[index]) ? type : { ...type, params };
}

/** The more general one of two types that fit. */
export function mostGeneral(a: Type, b: Type): Type {
  return isEqualOrLessSpecific(a, b) ? a : b;
}

function isEqualOrLessSpecific(a: Type, b: Type): boolean {
  if (a.kind === 'dyn' || a.kind === 'param') return true;
  if (b.kind === 'dyn' || b.kind === 'param') return false;
  if (a.kind !== b.kind) return false;
  if (a.kind === 'type') return true;
  if (a.params.length === 0) return sameType(a, b);
  return (
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((each, index) => isEqualOrLessSpecific(each, b.params[index] as Type)) // as many
  );
}

function fits(bindings: Bindings, from: Type, to: Type): boolean {
  bindings.step();
  if (from === to || (from.kind === 'param' && to.kind === 'param' && from.name === to.name)) return true;
  if (to.kind === 'param') {
    const bound = bindings.find(to) !== undefined;
    if (substitutes(bindings, from, to)) return true;
    if (bound) return false;
  }
  if (from.kind === 'param') return substitutes(bindings, to, from);
  if (isAnything(from) || isAnything(to)) return true;
  if (from.kind === 'null') return takesNull(to);
  if (to.kind === 'null') return takesNull(from);
  if (from.kind !== to.kind) return false;
  switch (from.kind) {
    case 'type':
      return true;
    case 'struct':
      return from.name === to.name;
    case 'opaque':
      return from.name === to.name && allFit(bindings, from.params, to.params);
    default:
      return allFit(bindings, from.params, to.params);
  }
}

function allFit(bindings: Bindings, from: readonly Type[], to: readonly Type[]): boolean {
  return from.length === to.length && from.every((each, index) => fits(bindings, each, to[index] as Type)); // as many
}

function isAnything({ kind }: Type): boolean {
  return kind === 'dyn' || kind === 'error';
}

function takesNull({ kind }: Type): boolean {
  return kind === 'opaque' || kind === 'struct' || kind === 'null' || kind === 'timestamp' || kind === 'duration';
}

/** Whether the parameter can stand for `type`; then it does, or for the more general of that and what it stood for. */
function substitutes(bindings: Bindings, type: Type, parameter: Type): boolean {
  const known = bindings.find(parameter);
  if (known) {
    if (sameType(type, known)) return true;
    if (!fits(bindings, type, known)) return false;
    const general = mostGeneral(type, known);
    if (!isWithin(bindings, parameter, general)) bindings.bind(parameter, general);
    return true;
  }
  if (isWithin(bindings, parameter, type)) return false;
  bindings.bind(parameter, type);
  return true;
}

/** Whether a parameter is a part of a type, which would have no end then. */
function isWithin(bindings: Bindings, parameter: Type, type: Type): boolean {
  bindings.step();
  if (sameType(parameter, type)) return true;
  if (type.kind === 'param') {
    const known = bindings.find(type);
    return known !== undefined && isWithin(bindings, parameter, known);
  }
  return type.params.some((each) => isWithin(bindings, parameter, each));
}
