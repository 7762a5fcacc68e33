// What expressions may name: variables, functions, types with fields. Environments are values; each is made of another with more.

import { type Type, typeOf } from '../types/types.ts';
import type { Value } from '../values/values.ts';

export interface Overload {
  /** cel-go's identifier; costs are listed by it. */
  readonly id: string;
  /** Whether it is called as `args[0].name(...)`. */
  readonly member: boolean;
  readonly args: readonly Type[];
  readonly result: Type;
  /** The type parameters among them. */
  readonly params: readonly string[];
  /** Arguments have the types that `args` says. An error is a value too. */
  readonly run: (...args: Value[]) => Value;
}

export interface FunctionDeclaration {
  readonly name: string;
  readonly overloads: readonly Overload[];
}

export interface StructType {
  readonly name: string;
  /** undefined: it has no such field. */
  field(name: string): Type | undefined;
  /** The value of `Name{...}`; without it none can be written. */
  readonly make?: (fields: ReadonlyMap<string, Value>) => Value;
}

export interface Constant {
  readonly type: Type;
  readonly value: Value;
}

export interface Environment {
  readonly variables: ReadonlyMap<string, Type>;
  readonly constants: ReadonlyMap<string, Constant>;
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
  structs(name: string): StructType | undefined;
}

/** A library: functions by their names, and types. */
export interface Library {
  readonly functions: readonly FunctionDeclaration[];
  readonly constants?: readonly (readonly [string, Constant])[];
}

export function environmentOf(libraries: readonly Library[]): Environment {
  const functions = new Map<string, FunctionDeclaration>();
  const constants = new Map<string, Constant>();
  for (const library of libraries) {
    for (const { name, overloads } of library.functions) {
      const known = functions.get(name)?.overloads ?? [];
      functions.set(name, { name, overloads: [...known, ...overloads] });
    }
    for (const [name, constant] of library.constants ?? []) constants.set(name, constant);
  }
  return { variables: new Map(), constants, functions, structs: () => undefined };
}

export function withVariables(
  base: Environment,
  variables: Iterable<readonly [string, Type]>,
  structs: (name: string) => StructType | undefined = () => undefined,
): Environment {
  return {
    ...base,
    variables: new Map([...base.variables, ...variables]),
    structs: (name) => structs(name) ?? base.structs(name),
  };
}

type Run = (...args: never[]) => Value;

/** A function that is called by its name alone. */
export function global(id: string, args: readonly Type[], result: Type, run: Run): Overload {
  return overload(id, false, args, result, run);
}

/** A function of its first argument. */
export function member(id: string, args: readonly Type[], result: Type, run: Run): Overload {
  return overload(id, true, args, result, run);
}

function overload(id: string, isMember: boolean, args: readonly Type[], result: Type, run: Run): Overload {
  const params = new Set<string>();
  for (const each of [...args, result]) collect(each, params);
  // Whoever calls it has looked at the types of the arguments, which the declaration states once for checker and evaluator.
  return { id, member: isMember, args, result, params: [...params], run: run as Overload['run'] };
}

export function declared(name: string, ...overloads: Overload[]): FunctionDeclaration {
  return { name, overloads };
}

export function typeConstant(name: string, type: Type, value: Value): readonly [string, Constant] {
  return [name, { type: typeOf(type), value }];
}

function collect({ kind, name, params }: Type, into: Set<string>): void {
  if (kind === 'param') into.add(name);
  for (const each of params) collect(each, into);
}
