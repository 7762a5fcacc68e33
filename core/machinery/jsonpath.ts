// The JSONPath dialect of Kubernetes: printer columns and selectable fields of custom resources, `-o jsonpath` without range.

import { type Operand, parseJsonPath, type Step } from './jsonpath-syntax.ts';
import { getOwn } from './own.ts';
import { badRequest } from './status.ts';

/** How many values a path may still look at, the same one each time that it does: a short path can be made to look at more than there are atoms. */
export interface Looks {
  left: number;
}

/** A path would have looked at more than it may. */
export class TooManyLooks extends Error {
  constructor() {
    super('the path looks at too many values');
    this.name = 'TooManyLooks';
  }
}

/**
 * The values that a path finds in an object, in document order; none where a field is missing. Each is looked for when it is asked for.
 * Throws TooManyLooks. One evaluation without `looks` has `mostLooks`.
 */
export type JsonPath = (root: unknown, looks?: Looks) => Generator<unknown, void, void>;

/** Some milliseconds. Paths that people write take some dozens. */
export const mostLooks = 10_000;
/** Of a path, those in its filters and unions too. */
const mostSteps = 200;

/** Compiles `.spec.x`, `{.spec.x}` or `$.spec.x`. Fails with BadRequest. */
export function compileJsonPath(text: string): JsonPath {
  const steps = parseJsonPath(text);
  const count = stepsIn(steps);
  if (count > mostSteps)
    throw badRequest(`invalid JSON path: it has ${count} steps, at most ${mostSteps} are followed`);
  return (root, looks = { left: mostLooks }) => follow(steps, 0, root, { root, looks });
}

function stepsIn(steps: readonly Step[]): number {
  let count = 0;
  for (const step of steps) {
    count += 1;
    if (step.kind === 'union') for (const path of step.paths) count += stepsIn(path);
    if (step.kind === 'filter') for (const each of [step.left, step.right]) count += stepsIn(each?.path ?? []);
  }
  return count;
}

/** The field names of a path that only goes down fields, such as `.spec.color`; undefined for any other, and for what is no path. */
export function simplePath(text: string): string[] | undefined {
  let steps: readonly Step[];
  try {
    steps = parseJsonPath(text);
  } catch {
    return undefined;
  }
  const names: string[] = [];
  for (const step of steps) {
    if (step.kind !== 'field') return undefined;
    names.push(step.name);
  }
  return names;
}

/** What a path's values look like as text: joined by spaces, objects as JSON. */
export function jsonPathText(values: readonly unknown[]): string {
  return values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join(' ');
}

interface Evaluation {
  readonly root: unknown;
  readonly looks: Looks;
}

function look({ looks }: Evaluation, times = 1): void {
  looks.left -= times;
  if (looks.left < 0) throw new TooManyLooks();
}

function* follow(steps: readonly Step[], at: number, value: unknown, of: Evaluation): Generator<unknown, void, void> {
  look(of);
  const step = steps[at];
  if (step === undefined) yield value;
  else for (const next of apply(step, value, of)) yield* follow(steps, at + 1, next, of);
}

function apply(step: Step, value: unknown, of: Evaluation): Iterable<unknown> {
  switch (step.kind) {
    case 'root':
      return [of.root];
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [getOwn(value, step.name)] : [];
    case 'wildcard':
      return children(value, of);
    case 'recursive':
      return descendants(value, of);
    case 'slice':
      return Array.isArray(value) ? slice(value, step.from, step.to, step.by) : [];
    case 'index': {
      const item = Array.isArray(value) ? value.at(step.at) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'union':
      return united(step.paths, value, of);
    case 'filter':
      return filtered(step, value, of);
  }
}

function* united(paths: readonly (readonly Step[])[], value: unknown, of: Evaluation): Generator<unknown, void, void> {
  for (const path of paths) yield* follow(path, 0, value, of);
}

type Filter = Extract<Step, { kind: 'filter' }>;

function* filtered(step: Filter, value: unknown, of: Evaluation): Generator<unknown, void, void> {
  for (const each of children(value, of)) {
    look(of);
    if (holds(step, each, of)) yield each;
  }
}

function holds({ left, operator, right }: Filter, value: unknown, of: Evaluation): boolean {
  const first = operandOf(left, value, of);
  if (operator === 'exists') return first.length > 0;
  const second = operandOf(right ?? {}, value, of);
  if (first.length !== 1 || second.length !== 1) return false;
  const [a] = first;
  const [b] = second;
  if (typeof a === 'string' && typeof b === 'string') look(of, Math.min(a.length, b.length) / 1024);
  return compare(a, operator, b);
}

/** Two where there are more. */
function operandOf({ path, literal }: Operand, value: unknown, of: Evaluation): unknown[] {
  if (!path) return [literal];
  const found: unknown[] = [];
  for (const each of follow(path, 0, value, of)) if (found.push(each) > 1) break;
  return found;
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (operator === '==') return left === right;
  if (operator === '!=') return left !== right;
  // A number and a bigint are compared by their values.
  if (isNumber(left) && isNumber(right)) return ordered(left < right ? -1 : left > right ? 1 : 0, operator);
  if (typeof left === 'string' && typeof right === 'string')
    return ordered(left < right ? -1 : left > right ? 1 : 0, operator);
  return false;
}

function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function ordered(difference: number, operator: string): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    default:
      return difference >= 0;
  }
}

function* slice(
  list: readonly unknown[],
  from: number | undefined,
  to: number | undefined,
  by: number,
): Generator<unknown, void, void> {
  const place = (index: number) => Math.max(0, Math.min(list.length, index < 0 ? index + list.length : index));
  const end = place(to ?? list.length);
  for (let index = place(from ?? 0); index < end; index += by) yield list[index];
}

function children(value: unknown, of: Evaluation): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (!isRecord(value)) return [];
  const values = Object.values(value);
  look(of, values.length / 8);
  return values;
}

function* descendants(value: unknown, of: Evaluation): Generator<unknown, void, void> {
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    yield next;
    const below = children(next, of);
    look(of, below.length / 8);
    for (let index = below.length - 1; index >= 0; index--) waiting.push(below[index]);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
