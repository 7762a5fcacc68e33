// From text to tree. Source: CEL specification, "Grammar", and cel-go's places of nodes. Every nesting is counted, brackets as well as
// chains, so that whoever walks a tree may recur: none is deeper than `deepest`.

import { type Token, tokensOf } from './lexer.ts';
import { bytesOf, doubleOf, intOf, stringOf, uintOf } from './literals.ts';
import { expandGlobal, expandMember } from './macros.ts';
import { type Problem, SyntaxProblem } from './problem.ts';
import { type FieldInit, type MapEntry, type Node, operators } from './tree.ts';
import { TreeBuilder } from './tree-builder.ts';

export type Parsed = { readonly node: Node; readonly size: number } | { readonly problems: readonly Problem[] };

/** Brackets and operands in each other, as cel-go bounds them. */
const deepest = 250;

export function parse(text: string): Parsed {
  try {
    const builder = new TreeBuilder();
    const node = new Parser(tokensOf(text), builder).whole();
    return { node, size: builder.size };
  } catch (error) {
    if (error instanceof SyntaxProblem) return { problems: [{ message: error.message, at: error.at }] };
    throw error;
  }
}

const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const relations = new Map([
  ['==', operators.equals],
  ['!=', operators.notEquals],
  ['<', operators.less],
  ['<=', operators.lessEquals],
  ['>', operators.greater],
  ['>=', operators.greaterEquals],
  ['in', operators.in],
]);
const additions = new Map([
  ['+', operators.add],
  ['-', operators.subtract],
]);
const products = new Map([
  ['*', operators.multiply],
  ['/', operators.divide],
  ['%', operators.modulo],
]);
const firsts =
  "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

class Parser {
  readonly tokens: readonly Token[];
  readonly make: TreeBuilder;
  index = 0;
  nesting = 0;

  constructor(tokens: readonly Token[], make: TreeBuilder) {
    this.tokens = tokens;
    this.make = make;
  }

  get next(): Token {
    return this.tokens[this.index] as Token; // the last is `end`, and is never passed
  }

  whole(): Node {
    const node = this.expression();
    if (this.next.kind !== 'end')
      throw new SyntaxProblem(`Syntax error: mismatched input '${this.next.text}' expecting <EOF>`, this.next.at);
    return node;
  }

  is(symbol: string): boolean {
    const { kind, text } = this.next;
    return (kind === 'symbol' || kind === 'name') && text === symbol;
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== 'end') this.index += 1;
    return token;
  }

  accept(symbol: string): Token | undefined {
    return this.is(symbol) ? this.take() : undefined;
  }

  expect(symbol: string): Token {
    if (this.is(symbol)) return this.take();
    throw new SyntaxProblem(`Syntax error: missing '${symbol}' at '${this.next.text}'`, this.next.at);
  }

  expression(): Node {
    this.nesting += 1;
    if (this.nesting > deepest)
      throw new SyntaxProblem(`expression recursion limit exceeded: ${deepest}`, this.next.at);
    const condition = this.logical('||', operators.or, () => this.logical('&&', operators.and, () => this.relation()));
    const question = this.accept('?');
    let node = condition;
    if (question) {
      const first = this.logical('||', operators.or, () => this.logical('&&', operators.and, () => this.relation()));
      this.expect(':');
      node = this.make.call(operators.conditional, [condition, first, this.expression()], question.at);
    }
    this.nesting -= 1;
    return node;
  }

  /** Balanced, so that a long chain is no deep tree. */
  logical(symbol: string, operator: string, operand: () => Node): Node {
    const terms = [operand()];
    const places: number[] = [];
    for (let token = this.accept(symbol); token; token = this.accept(symbol)) {
      places.push(token.at);
      terms.push(operand());
    }
    const balanced = (low: number, high: number): Node => {
      if (low === high) return terms[low] as Node; // one term for every index
      const middle = (low + high - 1) >> 1;
      const parts = [balanced(low, middle), balanced(middle + 1, high)];
      return this.make.call(operator, parts, places[middle] ?? 0);
    };
    return balanced(0, terms.length - 1);
  }

  relation(): Node {
    return this.chain(relations, () => this.chain(additions, () => this.chain(products, () => this.unary())));
  }

  chain(symbols: ReadonlyMap<string, string>, operand: () => Node): Node {
    let node = operand();
    for (;;) {
      const { kind, text, at } = this.next;
      const operator = kind === 'symbol' || kind === 'name' ? symbols.get(text) : undefined;
      if (operator === undefined) return node;
      this.take();
      node = this.make.call(operator, [node, operand()], at);
    }
  }

  unary(): Node {
    const sign = this.next;
    if (!this.is('!') && !this.is('-')) return this.member();
    const places: number[] = [];
    while (this.is(sign.text)) places.push(this.take().at);
    if (sign.text === '-' && places.length === 1 && (this.next.kind === 'int' || this.next.kind === 'double'))
      return this.member(sign);
    const operand = this.member();
    // Two of them take each other away.
    const operator = sign.text === '!' ? operators.not : operators.negate;
    return places.length % 2 === 0 ? operand : this.make.call(operator, [operand], places[0] ?? sign.at);
  }

  member(minus?: Token): Node {
    let node = this.primary(minus);
    for (;;) {
      const dot = this.accept('.');
      if (dot) {
        node = this.selected(node, dot);
        continue;
      }
      const bracket = this.accept('[');
      if (!bracket) return node;
      const optional = this.accept('?');
      const index = this.expression();
      this.expect(']');
      node = this.make.call(optional ? operators.optionalIndex : operators.index, [node, index], bracket.at);
    }
  }

  selected(operand: Node, dot: Token): Node {
    const optional = this.accept('?');
    const field = this.take();
    if (field.kind !== 'name' || ['in', 'true', 'false', 'null'].includes(field.text))
      throw new SyntaxProblem(`Syntax error: mismatched input '${field.text}' expecting IDENTIFIER`, field.at);
    if (optional)
      return this.make.call(operators.optionalSelect, [operand, this.make.literal(field.text, field.at)], dot.at);
    const open = this.accept('(');
    if (!open) return this.make.select(operand, field.text, false, dot.at);
    const args = this.list(')');
    return (
      expandMember(this.make, field.text, operand, args, open.at) ?? this.make.call(field.text, args, open.at, operand)
    );
  }

  primary(minus?: Token): Node {
    const token = this.next;
    switch (token.kind) {
      case 'int':
        return this.make.literal(intOf(this.take(), minus !== undefined), minus?.at ?? token.at);
      case 'double':
        return this.make.literal(doubleOf(this.take(), minus !== undefined), minus?.at ?? token.at);
      case 'uint':
        return this.make.literal({ uint: uintOf(this.take()) }, token.at);
      case 'string':
        return this.make.literal(stringOf(this.take()), token.at);
      case 'bytes':
        return this.make.literal(bytesOf(this.take()), token.at);
      case 'name':
        if (token.text !== 'in') return this.named();
        break;
      case 'symbol':
        if (token.text === '.') return this.named();
        if (this.accept('(')) {
          const node = this.expression();
          this.expect(')');
          return node;
        }
        if (this.accept('[')) return this.listLiteral(token.at);
        if (this.accept('{')) return this.mapLiteral(token.at);
        break;
      case 'end':
        break;
    }
    const what = token.kind === 'end' ? 'mismatched' : 'extraneous';
    throw new SyntaxProblem(`Syntax error: ${what} input '${token.text}' expecting ${firsts}`, token.at);
  }

  named(): Node {
    const dot = this.accept('.');
    const token = this.take();
    if (token.kind !== 'name')
      throw new SyntaxProblem(`Syntax error: mismatched input '${token.text}' expecting IDENTIFIER`, token.at);
    const { text, at } = token;
    if (!dot && text === 'true') return this.make.literal(true, at);
    if (!dot && text === 'false') return this.make.literal(false, at);
    if (!dot && text === 'null') return this.make.literal(null, at);
    if (reserved.has(text)) throw new SyntaxProblem(`reserved identifier: ${text}`, at);
    const name = dot ? `.${text}` : text;
    const open = this.accept('(');
    if (open) {
      const args = this.list(')');
      return expandGlobal(this.make, name, args, open.at) ?? this.make.call(name, args, open.at);
    }
    return this.struct(name) ?? this.make.ident(name, at);
  }

  /** `a.b.C{...}`: only where a brace follows the names. */
  struct(first: string): Node | undefined {
    let ahead = this.index;
    let name = first;
    while (this.tokens[ahead]?.text === '.' && this.tokens[ahead + 1]?.kind === 'name') {
      name += `.${this.tokens[ahead + 1]?.text}`;
      ahead += 2;
    }
    if (this.tokens[ahead]?.kind !== 'symbol' || this.tokens[ahead]?.text !== '{') return undefined;
    this.index = ahead;
    const { at } = this.take();
    const fields: FieldInit[] = [];
    while (!this.is('}')) {
      const optional = this.accept('?') !== undefined;
      const field = this.take();
      if (field.kind !== 'name')
        throw new SyntaxProblem(`Syntax error: mismatched input '${field.text}' expecting IDENTIFIER`, field.at);
      const colon = this.expect(':');
      fields.push({ name: field.text, at: colon.at, value: this.expression(), optional });
      if (!this.accept(',')) break;
    }
    this.expect('}');
    return this.make.struct(name, fields, at);
  }

  list(close: string): Node[] {
    const items: Node[] = [];
    if (this.accept(close)) return items;
    do items.push(this.expression());
    while (this.accept(','));
    this.expect(close);
    return items;
  }

  listLiteral(at: number): Node {
    const items: Node[] = [];
    const optional = new Set<number>();
    while (!this.is(']')) {
      if (this.accept('?')) optional.add(items.length);
      items.push(this.expression());
      if (!this.accept(',')) break;
    }
    this.expect(']');
    return this.make.list(items, at, optional);
  }

  mapLiteral(at: number): Node {
    const entries: MapEntry[] = [];
    while (!this.is('}')) {
      const optional = this.accept('?') !== undefined;
      const key = this.expression();
      this.expect(':');
      entries.push({ key, value: this.expression(), optional });
      if (!this.accept(',')) break;
    }
    this.expect('}');
    return this.make.map(entries, at);
  }
}
