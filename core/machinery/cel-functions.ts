// The functions that Kubernetes adds to CEL: strings, lists, regular expressions, quantities.

import type { Environment } from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';
import { compileLinear, type LinearExpression } from './linear-expression.ts';
import {
  addQuantities,
  compareQuantities,
  parseQuantity,
  type Quantity,
  quantityError,
  quantityOf,
  quantityToNumber,
  subtractQuantities,
} from './quantity.ts';

export function registerCelFunctions(environment: Environment): void {
  registerStrings(environment);
  registerLists(environment);
  registerQuantities(environment);
}

function registerStrings(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  add('string.matchesLinear(string): bool', (text: string, pattern: string) =>
    expression(pattern).matcher(text).find(),
  );
  add('string.find(string): string', (text: string, pattern: string) => findAll(text, pattern, 1)[0] ?? '');
  add('string.findAll(string): list<string>', (text: string, pattern: string) => findAll(text, pattern, -1));
  add('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
    findAll(text, pattern, Number(limit)),
  );
  add('string.replace(string, string): string', (text: string, from: string, to: string) =>
    bounded(text.split(from), to),
  );
  add('string.replace(string, string, int): string', (text: string, from: string, to: string, limit: bigint) =>
    replaceSome(text, from, to, Number(limit)),
  );
  add('string.charAt(int): string', (text: string, index: bigint) => {
    if (index < 0n || index > BigInt(text.length)) throw new CelCallError(`index out of range: ${index}`);
    return text.charAt(Number(index));
  });
  add('string.lowerAsciiOnly(): string', (text: string) => text.replace(/[A-Z]+/g, (each) => each.toLowerCase()));
  add('string.upperAsciiOnly(): string', (text: string) => text.replace(/[a-z]+/g, (each) => each.toUpperCase()));
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''));
}

function registerLists(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  add('list.isSorted(): bool', (list: readonly Ordered[]) =>
    list.every((each, at) => at === 0 || list[at - 1]! <= each),
  );
  add('list.sum(): dyn', (list: readonly (bigint | number)[]) => {
    if (list.length === 0) return 0n;
    return list.every((each) => typeof each === 'bigint')
      ? list.reduce((sum: bigint, each) => sum + BigInt(each), 0n)
      : list.reduce((sum: number, each) => sum + Number(each), 0);
  });
  add('list.min(): dyn', (list: readonly Ordered[]) => extreme(list, 'min', (a, b) => a < b));
  add('list.max(): dyn', (list: readonly Ordered[]) => extreme(list, 'max', (a, b) => a > b));
  add('list.indexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.indexOf(item)));
  add('list.lastIndexOf(dyn): int', (list: readonly unknown[], item: unknown) => BigInt(list.lastIndexOf(item)));
}

/** A quantity inside an expression; a class, because the library tells types apart by constructor. */
class CelQuantity {
  readonly quantity: Quantity;
  constructor(quantity: Quantity) {
    this.quantity = quantity;
  }
}

function registerQuantities(environment: Environment): void {
  const add = environment.registerFunction.bind(environment);
  const type = 'kubernetes.Quantity';
  environment.registerType(type, CelQuantity);
  add(`quantity(string): ${type}`, (text: string) => {
    const why = quantityError(text);
    if (why !== undefined) throw new CelCallError(`${JSON.stringify(text)}: ${why}`);
    return new CelQuantity(parseQuantity(text));
  });
  add('isQuantity(string): bool', (text: string) => quantityError(text) === undefined);
  const compare = (a: CelQuantity, b: CelQuantity) => compareQuantities(a.quantity, b.quantity);
  add(`${type}.isGreaterThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) > 0);
  add(`${type}.isLessThan(${type}): bool`, (a: CelQuantity, b: CelQuantity) => compare(a, b) < 0);
  add(`${type}.compareTo(${type}): int`, (a: CelQuantity, b: CelQuantity) => BigInt(compare(a, b)));
  add(`${type}.sign(): int`, ({ quantity }: CelQuantity) => BigInt(compareQuantities(quantity, quantityOf(0))));
  add(`${type}.isInteger(): bool`, ({ quantity }: CelQuantity) => quantity.nanos % oneUnit === 0n);
  add(`${type}.asInteger(): int`, ({ quantity }: CelQuantity) => {
    if (quantity.nanos % oneUnit !== 0n) throw new CelCallError('cannot convert value to integer');
    return quantity.nanos / oneUnit;
  });
  add(`${type}.asApproximateFloat(): double`, ({ quantity }: CelQuantity) => quantityToNumber(quantity));
  for (const [name, operate] of [
    ['add', addQuantities],
    ['sub', subtractQuantities],
  ] as const) {
    add(
      `${type}.${name}(${type}): ${type}`,
      (a: CelQuantity, b: CelQuantity) => new CelQuantity(operate(a.quantity, b.quantity)),
    );
    add(
      `${type}.${name}(int): ${type}`,
      (a: CelQuantity, b: bigint) => new CelQuantity(operate(a.quantity, quantityOf(b))),
    );
  }
}

const oneUnit = quantityOf(1).nanos;
const maxTextLength = 3 * 1024 * 1024;

type Ordered = string | number | bigint | boolean;

function extreme(list: readonly Ordered[], name: string, better: (a: Ordered, b: Ordered) => boolean): Ordered {
  if (list.length === 0) throw new CelCallError(`${name} called on empty list`);
  return list.reduce((best, each) => (better(each, best) ? each : best));
}

function findAll(text: string, pattern: string, limit: number): string[] {
  const matcher = expression(pattern).matcher(text);
  const found: string[] = [];
  while (found.length !== limit && matcher.find()) found.push(matcher.group() ?? '');
  return found;
}

function replaceSome(text: string, from: string, to: string, limit: number): string {
  if (limit < 0) return bounded(text.split(from), to);
  const parts = text.split(from);
  const head = parts.slice(0, limit + 1).join(to);
  return [head, ...parts.slice(limit + 1)].join(from);
}

function bounded(parts: readonly string[], separator: string): string {
  // Replacing again and again grows a text without any loop.
  if (parts.length * separator.length > maxTextLength) throw new CelCallError('the replaced text is too long');
  return parts.join(separator);
}

const expressions = new Map<string, LinearExpression>();

/** Patterns mostly stand in the expression itself, so a few compiled ones serve all runs. */
function expression(pattern: string): LinearExpression {
  let compiled = expressions.get(pattern);
  if (!compiled) {
    try {
      compiled = compileLinear(pattern);
    } catch (error) {
      throw new CelCallError(`invalid regular expression ${JSON.stringify(pattern)}: ${(error as Error).message}`); // its syntax errors
    }
    if (expressions.size >= 500) expressions.clear();
    expressions.set(pattern, compiled);
  }
  return compiled;
}
