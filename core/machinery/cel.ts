// CEL expressions (validation rules, admission policies): compiled once with typed variables, evaluated within a bound.
// Everything that can go wrong with an expression is a value with its place in the text.

import {
  type ASTNode,
  TypeError as CelTypeError,
  Environment,
  EvaluationError,
  ParseError,
} from '@marcbachmann/cel-js';
import type { Schema } from '../api/schema.ts';
import { CelCallError } from './cel-call-error.ts';
import { registerCelFunctions } from './cel-functions.ts';
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
  /** Values must come from `celInput`. Variables that are absent here are errors where the expression reads them. */
  run(variables: Readonly<Record<string, CelInput>>): CelResult<unknown>;
}

/** A JSON value in the types that CEL has, with the size of its largest part. */
export interface CelInput {
  readonly value: unknown;
  readonly largest: number;
}

/** Compiles an expression. The variables are all that it may name. */
export function compileCel(expression: string, variables: CelVariables): CelResult<CelProgram> {
  try {
    const program = environmentOf(variables).parse(expression);
    const shape = inspect(program.ast);
    const checked = program.check();
    if (!checked.valid) return { ok: false, error: errorOf(checked.error) };
    return { ok: true, value: { type: checked.type ?? 'dyn', run: (inputs) => run(program, shape, inputs) } };
  } catch (error) {
    return { ok: false, error: errorOf(error) };
  }
}

/**
 * A JSON value for CEL: whole numbers become `int`, others `double`; where the schema says `number`, all become `double`.
 * Convert an object once, and run all of its rules on that.
 */
export function celInput(json: unknown, schema?: Schema): CelInput {
  const size = { largest: 0 };
  return { value: convert(json, schema, size), largest: size.largest };
}

/** What one run may cost: steps, estimated from the expression and the sizes of its inputs before it starts. */
const maxSteps = 20_000_000;

interface Shape {
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
    environment = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
    registerCelFunctions(environment);
    registerCelNetwork(environment);
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    environments.set(key, environment);
  }
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
  let depth = 0;
  let additions = node.op === '+' ? 1 : 0;
  const add = (child: ASTNode, loop: number) => {
    const shape = inspect(child);
    nodes += shape.nodes;
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
  return { nodes, depth, additions };
}

function nodesIn(value: unknown): ASTNode[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  const isNode = typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
  return isNode ? [value as ASTNode] : []; // nothing else in a tree has both
}

function convert(json: unknown, schema: Schema | undefined, size: { largest: number }): unknown {
  if (typeof json === 'number') return Number.isSafeInteger(json) && schema?.type !== 'number' ? BigInt(json) : json;
  if (typeof json === 'string') {
    size.largest = Math.max(size.largest, splitSize(json));
    return json;
  }
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) {
    size.largest = Math.max(size.largest, json.length);
    return json.map((each) => convert(each, schema?.items, size));
  }
  const entries = Object.entries(json);
  size.largest = Math.max(size.largest, entries.length);
  const additional = schema?.additionalProperties;
  // A Map has no inherited fields, whatever its keys are called.
  return new Map(
    entries.map(([key, value]) => {
      const known = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
      return [key, convert(value, known ?? (typeof additional === 'object' ? additional : undefined), size)];
    }),
  );
}

/** A text may be split into a list; long ones count by words, since few are split by characters. */
function splitSize(text: string): number {
  return text.length <= 256 ? text.length : Math.max(256, Math.ceil(text.length / 8));
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
