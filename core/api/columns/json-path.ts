// The part of JSONPath that printer columns of custom resources may use: fields, indexes, `[*]` and filters.
// Source: CustomResourceDefinition "additional printer columns"; kubectl's JSONPath support.

import { isRecord } from '../../machinery/structure/field-at.ts';

type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'filter'; readonly path: readonly Step[]; readonly operator: string; readonly operand: unknown };

/** The values that a path finds, in order. */
export type JsonPath = (object: unknown) => unknown[];

/** undefined for a path that is not understood. */
export function parseJsonPath(text: string): JsonPath | undefined {
  const steps = parseSteps(text.replace(/^\{(.*)\}$/, '$1').replace(/^\$/, ''));
  return steps && ((object) => walk([object], steps));
}

/** A path of plain fields (`.spec.replicas`) as their names. */
export function fieldPath(text: string): readonly string[] | undefined {
  const steps = parseSteps(text);
  const names = steps?.flatMap((each) => (each.kind === 'field' ? [each.name] : []));
  return names && names.length === steps?.length ? names : undefined;
}

const field = /^\.?((?:\\.|[^.[\]\\\s])+)/;
const quoted = /^\[\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")\s*\]/;
const index = /^\[\s*(-?\d+)\s*\]/;
const all = /^(?:\[\s*\*\s*\]|\.\*)/;
const filter =
  /^\[\?\(\s*@((?:\\.|[^\s=!<>()])*)\s*(?:(==|!=|<=|>=|<|>)\s*('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\s()]+)\s*)?\)\]/;

function parseSteps(text: string): Step[] | undefined {
  const steps: Step[] = [];
  let rest = text;
  while (rest) {
    const step = nextStep(rest);
    if (!step) return undefined;
    steps.push(step.step);
    rest = rest.slice(step.length);
  }
  return steps;
}

function nextStep(text: string): { step: Step; length: number } | undefined {
  const wild = all.exec(text);
  if (wild) return { step: { kind: 'all' }, length: wild[0].length };
  const name = quoted.exec(text);
  if (name) return { step: { kind: 'field', name: unescaped(name[1] ?? name[2] ?? '') }, length: name[0].length };
  const at = index.exec(text);
  if (at) return { step: { kind: 'index', index: Number(at[1]) }, length: at[0].length };
  const condition = filter.exec(text);
  if (condition) {
    const path = parseSteps(condition[1] ?? '');
    if (!path) return undefined;
    const operand = literal(condition[3]);
    return { step: { kind: 'filter', path, operator: condition[2] ?? '', operand }, length: condition[0].length };
  }
  const plain = field.exec(text);
  return plain?.[1] ? { step: { kind: 'field', name: unescaped(plain[1]) }, length: plain[0].length } : undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, '$1');
}

function literal(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (/^['"]/.test(text)) return unescaped(text.slice(1, -1));
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

function walk(values: readonly unknown[], steps: readonly Step[]): unknown[] {
  return steps.reduce<unknown[]>((found, step) => found.flatMap((value) => follow(value, step)), [...values]);
}

function follow(value: unknown, step: Step): unknown[] {
  switch (step.kind) {
    case 'field': {
      const next = isRecord(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined;
      return next === undefined ? [] : [next];
    }
    case 'index': {
      const next = Array.isArray(value) ? value.at(step.index) : undefined;
      return next === undefined ? [] : [next];
    }
    case 'all':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    case 'filter':
      return Array.isArray(value) ? value.filter((each) => holds(walk([each], step.path)[0], step)) : [];
  }
}

function holds(
  value: unknown,
  { operator, operand }: { readonly operator: string; readonly operand: unknown },
): boolean {
  if (operator === '') return value !== undefined;
  if (operator === '==') return value === operand;
  if (operator === '!=') return value !== operand;
  if (typeof value !== typeof operand || (typeof value !== 'number' && typeof value !== 'string')) return false;
  // Both have the type of `value`, by the line above.
  const other = operand as typeof value;
  if (operator === '<') return value < other;
  if (operator === '>') return value > other;
  return operator === '<=' ? value <= other : value >= other;
}
