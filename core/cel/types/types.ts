// Types of expressions. Source: CEL specification, "Types"; checked.proto. Their texts are cel-go's.

export type TypeKind =
  | ('dyn' | 'error' | 'null' | 'bool' | 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'timestamp' | 'duration')
  | ('list' | 'map' | 'type' | 'struct' | 'opaque' | 'param');

export interface Type {
  readonly kind: TypeKind;
  /** As type() tells it; for a parameter, its name. */
  readonly name: string;
  readonly params: readonly Type[];
}

function plain(kind: TypeKind, name: string): Type {
  return { kind, name, params: [] };
}

export const dyn = plain('dyn', 'dyn');
export const errorType = plain('error', '!error!');
export const nullType = plain('null', 'null_type');
export const bool = plain('bool', 'bool');
export const int = plain('int', 'int');
export const uint = plain('uint', 'uint');
export const double = plain('double', 'double');
export const string = plain('string', 'string');
export const bytes = plain('bytes', 'bytes');
export const timestamp = plain('timestamp', 'google.protobuf.Timestamp');
export const duration = plain('duration', 'google.protobuf.Duration');
export const anyType = plain('type', 'type');

export function list(item: Type): Type {
  return { kind: 'list', name: 'list', params: [item] };
}

export function map(key: Type, value: Type): Type {
  return { kind: 'map', name: 'map', params: [key, value] };
}

export function typeOf(type: Type): Type {
  return { kind: 'type', name: 'type', params: [type] };
}

export function struct(name: string): Type {
  return plain('struct', name);
}

export function opaque(name: string, ...params: Type[]): Type {
  return { kind: 'opaque', name, params };
}

export function param(name: string): Type {
  return plain('param', name);
}

export function optional(of: Type): Type {
  return opaque('optional_type', of);
}

export function isOptional(type: Type): boolean {
  return type.kind === 'opaque' && type.name === 'optional_type';
}

/** A type's text in cel-go's errors. */
export function formatType(type: Type): string {
  switch (type.kind) {
    case 'null':
      return 'null';
    case 'timestamp':
      return 'timestamp';
    case 'duration':
      return 'duration';
    case 'type':
      return type.params[0] ? `type(${formatType(type.params[0])})` : 'type';
    default:
      return type.params.length > 0 ? `${type.name}(${type.params.map(formatType).join(', ')})` : type.name;
  }
}

/** `(int, string)`, or `int.(string)` of a member. */
export function formatSignature(args: readonly Type[], member: boolean): string {
  const [target, ...rest] = args;
  if (member && target) return `${formatType(target)}.(${rest.map(formatType).join(', ')})`;
  return `(${args.map(formatType).join(', ')})`;
}

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  return (
    a.kind === b.kind &&
    a.name === b.name &&
    a.params.length === b.params.length &&
    a.params.every((each, index) => sameType(each, b.params[index] as Type)) // as many
  );
}

const largest = 2000;

/** Whether a type has more parts than any that is meant: one that stands twice in another, which stands twice in another ... */
export function isLarge(type: Type): boolean {
  return type.params.length > 0 && partsOf(type, 0) > largest;
}

function partsOf(type: Type, before: number): number {
  let count = before + 1;
  for (const each of type.params) if (count <= largest) count = partsOf(each, count);
  return count;
}
