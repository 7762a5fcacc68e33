// An expression from its text to what runs: parsed, checked, planned once. Source: CEL specification.

import { type Checked, check } from './check/checker.ts';
import { constantProblems } from './check/constants.ts';
import type { Environment } from './check/environment.ts';
import type { Step } from './run/frame.ts';
import { plan } from './run/planner.ts';
import { parse } from './syntax/parser.ts';
import { showProblems } from './syntax/problem.ts';
import { formatType, type Type } from './types/types.ts';
import { resetComparisons } from './values/equality.ts';
import { CostExceeded, Failure, type Value } from './values/values.ts';

/** What the runs of many expressions may cost together. */
export interface Budget {
  left: number;
}

export type Outcome =
  | { readonly ok: true; readonly value: Value }
  /** `cost`: nothing may run any more that shares the budget, or the one run was too long. */
  | { readonly ok: false; readonly code: 'evaluation' | 'cost'; readonly message: string };

export interface Program {
  readonly checked: Checked;
  readonly type: Type;
  /** The variables that it reads. */
  readonly names: ReadonlySet<string>;
  /** `limit`: of one run; what it costs is taken from `budget` as well, which many may share. */
  run(inputs: ReadonlyMap<string, Value>, limit: number, budget?: Budget): Outcome & { readonly cost: number };
}

export type Compiled = { readonly program: Program } | { readonly problem: string };

/** `problem` is cel-go's text, with the line and a mark below the place. */
export function compile(text: string, env: Environment): Compiled {
  const parsed = parse(text);
  if ('problems' in parsed) return { problem: showProblems(text, parsed.problems) };
  const result = check(parsed.node, parsed.size, env);
  if ('problems' in result) return { problem: showProblems(text, result.problems) };
  const { checked } = result;
  const problems = constantProblems(checked);
  if (problems.length > 0) return { problem: showProblems(text, problems) };
  return { program: programOf(checked, env) };
}

/** Also for the suite, which has expressions that are not checked further. */
export function programOf(checked: Checked, env: Environment): Program {
  const names = new Set<string>();
  for (const name of checked.names) if (name !== undefined && env.variables.has(name)) names.add(name);
  const slots = new Map([...names].map((name, index) => [name, index] as const));
  let step: Step | undefined;
  return {
    checked,
    type: checked.type,
    names,
    run(inputs, limit, budget = { left: limit }) {
      step ??= plan(checked, env, slots);
      resetComparisons();
      const frame = {
        slots: [...names].map((name) => inputs.get(name)) as (Value | undefined)[],
        cost: 0,
        limit: Math.min(limit, budget.left),
      };
      const outcome = outcomeOf(step, frame);
      budget.left -= frame.cost;
      return { ...outcome, cost: frame.cost };
    },
  };
}

function outcomeOf(step: Step, frame: Parameters<Step>[0]): Outcome {
  try {
    const value = step(frame);
    if (frame.cost > frame.limit) throw new CostExceeded();
    return value instanceof Failure ? { ok: false, code: 'evaluation', message: value.message } : { ok: true, value };
  } catch (error) {
    if (error instanceof CostExceeded) return { ok: false, code: 'cost', message: error.message };
    throw error;
  }
}

/** The type of a program's result in cel-go's words. */
export function resultType({ type }: Program): string {
  return formatType(type);
}
