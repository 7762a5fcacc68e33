// Tokens of an expression. Source: CEL specification, "Lexis"; cel-go's grammar for the order in which what is no token is told.

import { SyntaxProblem } from './problem.ts';

export type TokenKind = 'int' | 'uint' | 'double' | 'string' | 'bytes' | 'name' | 'symbol' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** Characters that an expression may have. */
const longest = 100_000;

const symbols = [
  ...['==', '!=', '<=', '>=', '&&', '||'],
  ...['<', '>', '+', '-', '*', '/', '%', '!', '?', ':', '.', ',', '(', ')', '[', ']', '{', '}'],
];
const space = /[\t\n\f\r ]+/y;
const comment = /\/\/[^\n]*/y;
const name = /[A-Za-z_][A-Za-z0-9_]*/y;
const double = /(?:\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?)/y;
const integer = /(?:0x[0-9a-fA-F]+|\d+)([uU]?)/y;
const prefix = /(?:[rR][bB]?|[bB][rR]?)?("""|'''|"|')/y;

export function tokensOf(text: string): Token[] {
  if (text.length > longest) {
    const size = Array.from(text).length;
    if (size > longest)
      throw new SyntaxProblem(`expression code point size exceeds limit: size: ${size}, limit ${longest}`, 0);
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  const add = (kind: TokenKind, length: number) => {
    tokens.push({ kind, text: text.slice(at, at + length), at });
    at += length;
  };
  while (at < text.length) {
    const skipped = match(space) ?? match(comment);
    if (skipped) {
      at += skipped[0].length;
      continue;
    }
    const quoted = match(prefix);
    if (quoted) {
      const [opening, quote = ''] = quoted;
      const end = endOfString(text, at + opening.length, quote, /^[bB]?[rR]/.test(opening));
      add(/^[rR]?[bB]/.test(opening) ? 'bytes' : 'string', end - at);
      continue;
    }
    const word = match(name);
    if (word) {
      add('name', word[0].length);
      continue;
    }
    const float = match(double);
    if (float) {
      add('double', float[0].length);
      continue;
    }
    const whole = match(integer);
    if (whole) {
      add(whole[1] ? 'uint' : 'int', whole[0].length);
      continue;
    }
    const symbol = symbols.find((each) => text.startsWith(each, at));
    if (symbol === undefined) throw unknown(text, at);
    add('symbol', symbol.length);
  }
  tokens.push({ kind: 'end', text: '<EOF>', at });
  return tokens;
}

function unknown(text: string, at: number): SyntaxProblem {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  // Half of an operator is told with what follows it.
  const unrecognized = '=&|'.includes(character) ? text.slice(at, at + 2) : character;
  return new SyntaxProblem(`Syntax error: token recognition error at: '${unrecognized}'`, at);
}

/** The place after the closing quote. */
function endOfString(text: string, from: number, quote: string, raw: boolean): number {
  let at = from;
  while (at < text.length) {
    if (text.startsWith(quote, at)) return at + quote.length;
    const character = text[at];
    if (quote.length === 1 && (character === '\n' || character === '\r')) break;
    at += character === '\\' && !raw ? 2 : 1;
  }
  const start = from - quote.length;
  throw new SyntaxProblem(`Syntax error: token recognition error at: '${text.slice(start, start + 40)}'`, start);
}
