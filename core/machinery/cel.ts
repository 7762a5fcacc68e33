// CEL expressions (validation rules, admission policies): compiled once with typed variables, evaluated within a bound.
// Everything that can go wrong with an expression is a value with its place in the text.

import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import { CelCallError } from './cel-call-error.ts';
import { registerCelFunctions } from './cel-functions.ts';
import type { CelInput } from './cel-input.ts';
import { registerCelNamespaces } from './cel-namespaces.ts';
import { registerCelNetwork } from './cel-network.ts';

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
  /** How deep loops stand in one another. */
  readonly loops: number;
  /** Values must come from `celInput`. Variables that are absent here are errors where the expression reads them. */
  run(variables: Readonly<Record<string, CelInput>>): CelResult<unknown>;
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
    const shape = inspect(program.ast);
    const checked = program.check();
    if (!checked.valid) return { ok: false, error: errorOf(checked.error) };
    const { names, depth } = shape;
    const type = checked.type ?? 'dyn';
    return { ok: true, value: { type, names, loops: depth, run: (inputs) => run(program, shape, inputs) } };
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

/** What one run may cost: steps, estimated from the expression and the sizes of its inputs before it starts. */
const maxSteps = 20_000_000;

interface Shape {
  readonly names: ReadonlySet<string>;
  readonly nodes: number;
  /** How deep loops (`all`, `exists`, `map`, ...) stand in one another. */
  readonly depth: number;
  readonly additions: number;
}

const loops = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter']);
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
  return environment;
}

function run(
  program: ReturnType<Environment['parse']>,
  shape: Shape,
  inputs: Readonly<Record<string, CelInput>>,
): CelResult<unknown> {
  let largest = shape.nodes;
  const context: Record<string, unknown> = {};
  for (const [name, input] of Object.entries(inputs)) {
    largest = Math.max(largest, input.largest);
    context[name] = input.value;
  }
  // Each `+` may join two of the largest.
  const steps = shape.nodes * (largest * (1 + shape.additions)) ** shape.depth;
  if (steps > maxSteps) {
    const message = `the expression may take ${steps.toExponential(0)} steps on this object, and ${maxSteps} are allowed: loop over less`;
    return { ok: false, error: { code: 'cost', message } };
  }
  try {
    return { ok: true, value: program(context) };
  } catch (error) {
    return { ok: false, error: errorOf(error) };
  }
}

/** Measures an expression; and lets its `matches` use linear-time regular expressions instead of the library's. */
function inspect(node: ASTNode): Shape {
  let nodes = 1;
  const names = new Set<string>(node.op === 'id' ? [node.args] : []);
  let depth = 0;
  let additions = node.op === '+' ? 1 : 0;
  const add = (child: ASTNode, loop: number) => {
    const shape = inspect(child);
    nodes += shape.nodes;
    for (const name of shape.names) names.add(name);
    additions += shape.additions;
    depth = Math.max(depth, shape.depth + loop);
  };
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args;
    if (name === 'matches') (node.args as unknown[])[0] = 'matchesLinear'; // a tuple that the library only reads
    add(receiver, 0);
    for (const each of args) add(each, loops.has(name) ? 1 : 0);
    if (loops.has(name)) depth = Math.max(depth, 1);
  } else for (const child of nodesIn(node.args)) add(child, 0);
  return { nodes, depth, additions, names };
}

function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  const isNode = typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
  return isNode ? [value as ASTNode] : []; // nothing else in a tree has both
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
