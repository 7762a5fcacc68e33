// What can be told of literals before anything runs: durations, times and regular expressions that are none, and lists and maps whose
// parts are of several types. Source: cel-go's validators, as Kubernetes has them.

import type { Problem } from '../syntax/problem.ts';
import type { Node } from '../syntax/tree.ts';
import { formatType, isOptional, type Type } from '../types/types.ts';
import { linear } from '../values/linear.ts';
import { parseDuration, parseTimestamp } from '../values/times.ts';
import { Timestamp } from '../values/values.ts';
import type { Checked } from './checker.ts';

export function constantProblems(checked: Checked): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<Node>();
  const visit = (node: Node, exempt: boolean): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const inFormat = exempt || (node.kind === 'call' && node.name === 'format');
    if (node.kind === 'call') literalArgument(checked, node, problems);
    if (!exempt && node.kind === 'list')
      sameTypes(
        checked,
        node.items.map((each, index) => ({ node: each, optional: node.optional.has(index) })),
        problems,
      );
    if (!exempt && node.kind === 'map') {
      const keys = node.entries.map(({ key }) => ({ node: key, optional: false }));
      if (sameTypes(checked, keys, problems))
        sameTypes(
          checked,
          node.entries.map(({ value, optional }) => ({ node: value, optional })),
          problems,
        );
    }
    for (const each of below(node)) visit(each, inFormat);
  };
  visit(checked.node, false);
  return problems;
}

/** The nodes right below one. */
export function below(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'literal':
    case 'ident':
      return [];
    case 'select':
      return [node.operand];
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args;
    case 'list':
      return node.items;
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return node.fields.map(({ value }) => value);
    case 'fold':
      return [node.range, node.init, node.condition, node.step, node.result];
  }
}

function literalArgument({ calls }: Checked, node: Extract<Node, { kind: 'call' }>, problems: Problem[]): void {
  const name = calls[node.id]?.name;
  const last = node.args.at(-1);
  const pattern = name === 'matches' ? last : name === 'find' || name === 'findAll' ? node.args[0] : undefined;
  const [first] = node.args;
  if (pattern?.kind === 'literal' && typeof pattern.value === 'string') {
    const wrong = linear(pattern.value);
    if (typeof wrong === 'string') problems.push({ at: pattern.at, message: `invalid ${name} argument` });
  } else if (first?.kind === 'literal' && typeof first.value === 'string') {
    const wrong =
      (name === 'duration' && parseDuration(first.value) === undefined) ||
      (name === 'timestamp' && !(parseTimestamp(first.value) instanceof Timestamp));
    if (wrong) problems.push({ at: first.at, message: `invalid ${name} argument` });
  }
}

/** False, with a problem, where two parts have different types. */
function sameTypes(
  { types }: Checked,
  parts: readonly { readonly node: Node; readonly optional: boolean }[],
  problems: Problem[],
): boolean {
  let wanted: Type | undefined;
  for (const { node, optional } of parts) {
    const whole = types[node.id] as Type; // it was checked
    const type = optional && isOptional(whole) ? (whole.params[0] as Type) : whole;
    wanted ??= type;
    if (mayBeSame(wanted, type)) continue;
    problems.push({ at: node.at, message: `expected type '${formatType(wanted)}' but found '${formatType(type)}'` });
    return false;
  }
  return true;
}

/** What is not known until it runs is not refused before. */
function mayBeSame(a: Type, b: Type): boolean {
  if (a === b || a.kind === 'dyn' || b.kind === 'dyn') return true;
  if (a.kind !== b.kind || a.name !== b.name || a.params.length !== b.params.length) return false;
  return a.params.every((each, index) => mayBeSame(each, b.params[index] as Type)); // as many
}
