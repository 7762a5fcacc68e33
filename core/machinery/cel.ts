// CEL expressions (validation rules, admission policies): compiled once with typed variables, evaluated within a bound.
// Everything that can go wrong with an expression is a value with its place in the text.

import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import { registerCelAuthorizer } from './cel-authorizer.ts';
import { CelCallError } from './cel-call-error.ts';
import { estimateCost } from './cel-estimate.ts';
import { fieldsRead } from './cel-fields.ts';
import { registerCelFormats } from './cel-formats.ts';
import { registerCelFunctions } from './cel-functions.ts';
import { registerCelImages } from './cel-image.ts';
import type { CelInput } from './cel-input.ts';
import { celLimits } from './cel-limits.ts';
import { registerCelLoops } from './cel-loops.ts';
import { keepKeys } from './cel-maps.ts';
import { type CelMeter, meterOf, nodesIn } from './cel-meter.ts';
import { registerCelNamespaces } from './cel-namespaces.ts';
import { registerCelNetwork } from './cel-network.ts';
import { registerCelSemver } from './cel-semver.ts';
import { setOwn } from './own.ts';
import type { Schema } from './schema.ts';

/** A CEL type by name: `dyn`, `string`, `int`, `double`, `bool`, `list<string>`, `map<string, dyn>`, ... */
export type CelVariables = Readonly<Record<string, string>>;

export interface CelError {
  /** `syntax` and `type` come from compiling, `evaluation` and `cost` from a run. */
  readonly code: 'syntax' | 'type' | 'evaluation' | 'cost';
  readonly message: string;
  /** Where in the expression, in characters from its start; absent when the whole of it is meant. */
  readonly start?: number;
  readonly end?: number;
}

export type CelResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CelError };

export interface CelProgram {
  /** The type of its result, such as `bool`. */
  readonly type: string;
  /** Every name that the expression reads, variables of its own loops included. */
  readonly names: ReadonlySet<string>;
  /** The fields that it reads of a variable by their names. */
  fieldsOf(variable: string): ReadonlySet<string>;
  /** The largest cost of a run whose variables are values of these schemas. */
  estimate(schemas: Readonly<Record<string, Schema>>): number;
  /**
   * Values must come from `celInput`. Variables that are absent here are errors where the expression reads them. What it costs is
   * taken from `budget`, which many runs may share.
   */
  run(variables: Readonly<Record<string, CelInput>>, budget?: CelBudget): CelResult<unknown>;
}

/** What the runs of many expressions may cost together. */
export interface CelBudget {
  left: number;
}

/** A type of objects with known fields, by CEL types. */
export interface CelType {
  readonly name: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Compiles an expression. The variables are all that it may name. */
export function compileCel(expression: string, variables: CelVariables): CelResult<CelProgram> {
  try {
    const program = environmentOf(variables).parse(expression);
    const names = inspect(program.ast);
    const checked = program.check();
    if (!checked.valid) return { ok: false, error: errorOf(checked.error) };
    const type = checked.type ?? 'dyn';
    let meter: CelMeter | undefined;
    return {
      ok: true,
      value: {
        type,
        names,
        fieldsOf: (variable) => fieldsRead(program.ast, variable),
        estimate: (schemas) => estimateCost(program.ast, schemas),
        run(inputs, budget) {
          meter ??= meterOf(program.ast);
          return run(program, meter, inputs, budget);
        },
      },
    };
  } catch (error) {
    return { ok: false, error: errorOf(error) };
  }
}

/**
 * What is wrong with an expression over objects whose fields are known: a field that does not exist, an operation that its
 * type does not have. Programs themselves run untyped; make this check when a rule is written down.
 */
export function checkCelTypes(
  expression: string,
  variables: CelVariables,
  types: readonly CelType[],
): CelError | undefined {
  try {
    const environment = newEnvironment();
    for (const { name, fields } of types) {
      environment.registerType(name, { fields });
      environment.registerOperator(`${name} == ${name}`, () => true);
    }
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    const program = environment.parse(expression);
    inspect(program.ast);
    const checked = program.check();
    return checked.valid ? undefined : errorOf(checked.error);
  } catch (error) {
    return errorOf(error);
  }
}

const environments = new Map<string, Environment>();

function environmentOf(variables: CelVariables): Environment {
  const key = JSON.stringify(variables);
  let environment = environments.get(key);
  if (!environment) {
    environment = newEnvironment();
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    environments.set(key, environment);
  }
  return environment;
}

function newEnvironment(): Environment {
  const environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  registerCelFunctions(environment);
  registerCelNetwork(environment);
  registerCelNamespaces(environment);
  registerCelSemver(environment);
  registerCelFormats(environment);
  registerCelImages(environment);
  registerCelLoops(environment);
  registerCelAuthorizer(environment);
  return environment;
}

function run(
  program: ReturnType<Environment['parse']>,
  meter: CelMeter,
  inputs: Readonly<Record<string, CelInput>>,
  budget: CelBudget = { left: celLimits.run },
): CelResult<unknown> {
  const context: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(inputs)) setOwn(context, name, input.value);
  const limit = Math.min(celLimits.run, budget.left);
  const { result, error, cost, over } = meter.within(limit, (): unknown => program(context));
  budget.left -= cost;
  if (over) return { ok: false, error: { code: 'cost', message: 'operation cancelled: actual cost limit exceeded' } };
  return error === undefined ? { ok: true, value: result } : { ok: false, error: errorOf(error) };
}

/** Functions of ours that run in the place of the library's: regular expressions in linear time, and letters of ASCII alone. */
const instead = new Map([
  ['matches', 'matchesLinear'],
  ['lowerAscii', 'lowerAsciiOnly'],
  ['upperAscii', 'upperAsciiOnly'],
]);

/** The names that an expression reads; and lets it use what is ours. */
function inspect(node: ASTNode, names = new Set<string>()): ReadonlySet<string> {
  if (node.op === 'id') names.add(node.args);
  if (node.op === 'map' && node.args.length > 0) keepKeys(node);
  if (node.op !== 'rcall') for (const child of nodesIn(node.args)) inspect(child, names);
  else {
    const [name, receiver, args] = node.args;
    const own = instead.get(name);
    if (own !== undefined) (node.args as unknown[])[0] = own; // a tuple that the library only reads
    inspect(receiver, names);
    for (const each of args) inspect(each, names);
  }
  return names;
}

function errorOf(error: unknown): CelError {
  if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError) {
    const code = error instanceof ParseError ? 'syntax' : error instanceof CelTypeError ? 'type' : 'evaluation';
    const cause = error.cause instanceof CelCallError ? error.cause.message : error.summary;
    return { code, message: cause, ...(error.range && { start: error.range.start, end: error.range.end }) };
  }
  if (error instanceof CelCallError) return { code: 'evaluation', message: error.message };
  // Deep recursion is the one other thing that an expression can cause.
  if (error instanceof RangeError) return { code: 'cost', message: 'the expression is nested too deeply' };
  throw error;
}
