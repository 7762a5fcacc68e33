// Makes nodes, numbers them, and refuses trees that are too deep to be walked.

import { SyntaxProblem } from './problem.ts';
import type { CallNode, FieldInit, FoldNode, IdentNode, ListNode, Literal, MapEntry, Node } from './tree.ts';

/** Of nodes: what `deepest` nested operands of a source become, macros and balanced chains included, is below it. */
const deepestTree = 1000;
const nothing: ReadonlySet<number> = new Set();

export class TreeBuilder {
  /** How many nodes there are: their numbers are below it. */
  size = 0;

  literal(value: Literal, at: number): Node {
    return { kind: 'literal', value, ...this.base(at, []) };
  }

  ident(name: string, at: number): IdentNode {
    return { kind: 'ident', name, ...this.base(at, []) };
  }

  select(operand: Node, field: string, test: boolean, at: number): Node {
    return { kind: 'select', operand, field, test, ...this.base(at, [operand]) };
  }

  call(name: string, args: readonly Node[], at: number, target?: Node): CallNode {
    return { kind: 'call', name, target, args, ...this.base(at, target ? [target, ...args] : args) };
  }

  list(items: readonly Node[], at: number, optional = nothing): ListNode {
    return { kind: 'list', items, optional, ...this.base(at, items) };
  }

  map(entries: readonly MapEntry[], at: number): Node {
    return {
      kind: 'map',
      entries,
      ...this.base(
        at,
        entries.flatMap(({ key, value }) => [key, value]),
      ),
    };
  }

  struct(type: string, fields: readonly FieldInit[], at: number): Node {
    return {
      kind: 'struct',
      type,
      fields,
      ...this.base(
        at,
        fields.map(({ value }) => value),
      ),
    };
  }

  fold(of: Omit<FoldNode, 'kind' | 'id' | 'at' | 'depth'>, at: number): FoldNode {
    return { kind: 'fold', ...of, ...this.base(at, [of.range, of.init, of.condition, of.step, of.result]) };
  }

  private base(at: number, below: readonly Node[]): { id: number; at: number; depth: number } {
    let depth = 1;
    for (const each of below) if (each.depth >= depth) depth = each.depth + 1;
    if (depth > deepestTree) throw new SyntaxProblem('expression recursion limit exceeded: 250', at);
    const id = this.size;
    this.size += 1;
    return { id, at, depth };
  }
}
