// The JSONPath dialect of Kubernetes: printer columns and selectable fields of custom resources, `-o jsonpath` without range.

import { parseJsonPath, type Step } from './jsonpath-syntax.ts';
import { getOwn } from './own.ts';

/** The values that a path finds in an object, in document order; none where a field is missing. */
export type JsonPath = (root: unknown) => unknown[];

/** Compiles `.spec.x`, `{.spec.x}` or `$.spec.x`. Fails with BadRequest. */
export function compileJsonPath(text: string): JsonPath {
  const steps = parseJsonPath(text);
  return (root) => follow(steps, root, root);
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

function follow(steps: readonly Step[], start: unknown, root: unknown): unknown[] {
  let values: unknown[] = [start];
  for (const step of steps) {
    if (step.kind === 'root') values = [root];
    else values = values.flatMap((value) => apply(step, value, root));
    if (values.length === 0) break;
  }
  return values;
}

function apply(step: Step, value: unknown, root: unknown): unknown[] {
  switch (step.kind) {
    case 'root':
      return [root];
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [getOwn(value, step.name)] : [];
    case 'wildcard':
      return children(value);
    case 'recursive':
      return descendants(value);
    case 'slice':
      return Array.isArray(value) ? slice(value, step.from, step.to, step.by) : [];
    case 'index': {
      const item = Array.isArray(value) ? value.at(step.at) : undefined;
      return item === undefined ? [] : [item];
    }
    case 'union':
      return step.paths.flatMap((path) => follow(path, value, root));
    case 'filter':
      return children(value).filter((each) => holds(step, each, root));
  }
}

function holds(step: Extract<Step, { kind: 'filter' }>, value: unknown, root: unknown): boolean {
  const left = follow(step.left.path ?? [], value, root);
  if (step.operator === 'exists') return left.length > 0;
  const right = step.right!.path ? follow(step.right!.path, value, root) : [step.right!.literal];
  const first = step.left.path ? left[0] : step.left.literal;
  if ((step.left.path && left.length !== 1) || right.length !== 1) return false;
  return compare(first, step.operator, right[0]);
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

function slice(list: readonly unknown[], from: number | undefined, to: number | undefined, by: number): unknown[] {
  const place = (index: number) => Math.max(0, Math.min(list.length, index < 0 ? index + list.length : index));
  const end = place(to ?? list.length);
  const result: unknown[] = [];
  for (let index = place(from ?? 0); index < end; index += by) result.push(list[index]);
  return result;
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isRecord(value) ? Object.values(value) : [];
}

function descendants(value: unknown): unknown[] {
  return [value, ...children(value).flatMap(descendants)];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
