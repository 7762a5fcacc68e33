// The tree of an expression, after macros. Nodes have numbers, under which the checker keeps what it finds out, and the place of what
// cel-go blames: an operator, an opening bracket, a dot. Source: CEL specification, "Syntax"; syntax.proto.

export type Literal = null | boolean | bigint | number | string | Uint8Array | UintLiteral;

/** An unsigned literal such as `1u`, which a bigint alone would not tell from `1`. */
export interface UintLiteral {
  readonly uint: bigint;
}

interface Base {
  readonly id: number;
  /** In UTF-16 units from the expression's start. */
  readonly at: number;
  /** Of the tree below it, itself included. */
  readonly depth: number;
}

export interface LiteralNode extends Base {
  readonly kind: 'literal';
  readonly value: Literal;
}

export interface IdentNode extends Base {
  readonly kind: 'ident';
  readonly name: string;
}

export interface SelectNode extends Base {
  readonly kind: 'select';
  readonly operand: Node;
  readonly field: string;
  /** has(): whether the field is there. */
  readonly test: boolean;
}

export interface CallNode extends Base {
  readonly kind: 'call';
  readonly name: string;
  readonly target: Node | undefined;
  readonly args: readonly Node[];
}

export interface ListNode extends Base {
  readonly kind: 'list';
  readonly items: readonly Node[];
  /** Which items stand there as `?item`. */
  readonly optional: ReadonlySet<number>;
}

export interface MapEntry {
  readonly key: Node;
  readonly value: Node;
  readonly optional: boolean;
}

export interface MapNode extends Base {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
}

export interface FieldInit {
  readonly name: string;
  readonly at: number;
  readonly value: Node;
  readonly optional: boolean;
}

export interface StructNode extends Base {
  readonly kind: 'struct';
  readonly type: string;
  readonly fields: readonly FieldInit[];
}

/** A loop: what every macro that goes through a list or a map becomes. */
export interface FoldNode extends Base {
  readonly kind: 'fold';
  readonly range: Node;
  readonly variable: string;
  /** With two variables the first is the index or key, this one the value. */
  readonly second: string | undefined;
  readonly accumulator: string;
  readonly init: Node;
  readonly condition: Node;
  readonly step: Node;
  readonly result: Node;
}

export type Node = LiteralNode | IdentNode | SelectNode | CallNode | ListNode | MapNode | StructNode | FoldNode;

/** The names of operators as functions. */
export const operators = {
  and: '_&&_',
  or: '_||_',
  not: '!_',
  negate: '-_',
  conditional: '_?_:_',
  in: '@in',
  equals: '_==_',
  notEquals: '_!=_',
  less: '_<_',
  lessEquals: '_<=_',
  greater: '_>_',
  greaterEquals: '_>=_',
  add: '_+_',
  subtract: '_-_',
  multiply: '_*_',
  divide: '_/_',
  modulo: '_%_',
  index: '_[_]',
  optionalIndex: '_[?_]',
  optionalSelect: '_?._',
  notStrictlyFalse: '@not_strictly_false',
} as const;

export function isUint(value: Literal): value is UintLiteral {
  return typeof value === 'object' && value !== null && 'uint' in value;
}

/** `a.b.c` of names alone, as text. */
export function qualifiedName(node: Node): string | undefined {
  const parts: string[] = [];
  let at = node;
  while (at.kind === 'select' && !at.test) {
    parts.push(at.field);
    at = at.operand;
  }
  if (at.kind !== 'ident') return undefined;
  parts.push(at.name);
  return parts.reverse().join('.');
}
