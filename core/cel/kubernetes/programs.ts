// Expressions as the rest of the API server has them: compiled to a result or an error, run within a budget.

import { below } from '../check/constants.ts';
import type { Environment } from '../check/environment.ts';
import type { Declared } from '../estimate/declared.ts';
import { estimateCost } from '../estimate/estimate.ts';
import { celLimits } from '../limits.ts';
import { type Budget, compile, type Program, resultType } from '../program.ts';
import type { Node } from '../syntax/tree.ts';
import { operators } from '../syntax/tree.ts';
import type { Value } from '../values/values.ts';

export interface CelError {
  /** `type` comes from compiling, `evaluation` and `cost` from a run. */
  readonly code: 'type' | 'evaluation' | 'cost';
  readonly message: string;
}

export type CelResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CelError };

export type CelInputs = ReadonlyMap<string, Value>;

export interface CelProgram {
  /** The type of its result in cel-go's words, such as `bool`. */
  readonly type: string;
  readonly program: Program;
  /** The variables that it reads. */
  readonly names: ReadonlySet<string>;
  /** The fields that it reads of a variable by their names. */
  fieldsOf(variable: string): ReadonlySet<string>;
  /** The largest cost of a run whose variables are values of these schemas. */
  estimate(variables: ReadonlyMap<string, Declared>): number;
  /** What it costs is taken from `budget`, which many runs may share. */
  run(inputs: CelInputs, budget?: Budget): CelResult<Value>;
}

export function compileCel(text: string, env: Environment): CelResult<CelProgram> {
  const compiled = compile(text, env);
  if ('problem' in compiled) return { ok: false, error: { code: 'type', message: compiled.problem } };
  const { program } = compiled;
  const { checked } = program;
  return {
    ok: true,
    value: {
      type: resultType(program),
      program,
      names: program.names,
      fieldsOf: (variable) => fieldsRead(checked.node, variable),
      estimate: (variables) => estimateCost(checked, variables),
      run(inputs, budget) {
        const { ok, ...outcome } = program.run(inputs, celLimits.run, budget);
        if ('value' in outcome) return { ok: true, value: outcome.value };
        return { ok: false, error: { code: outcome.code, message: outcome.message } };
      },
    },
  };
}

function fieldsRead(node: Node, variable: string, fields = new Set<string>()): ReadonlySet<string> {
  if (node.kind === 'select' && node.operand.kind === 'ident' && node.operand.name === variable) fields.add(node.field);
  if (node.kind === 'call' && (node.name === operators.optionalSelect || node.name === operators.index)) {
    const [of, field] = node.args;
    const name = field?.kind === 'literal' ? field.value : undefined;
    if (of?.kind === 'ident' && of.name === variable && typeof name === 'string') fields.add(name);
  }
  for (const each of below(node)) fieldsRead(each, variable, fields);
  return fields;
}
