// What tokens of literals stand for. Source: CEL specification, "String and Bytes Values", "Numeric Values".

import type { Token } from './lexer.ts';
import { SyntaxProblem } from './problem.ts';

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

/** `negative`: a minus stands before it, which is part of the number. */
export function intOf({ text, at }: Token, negative: boolean): bigint {
  const value = longDigits(text) ? maxUint : negative ? -BigInt(text) : BigInt(text);
  if (value < minInt || value > maxInt) throw new SyntaxProblem('invalid int literal', at);
  return value;
}

export function uintOf({ text, at }: Token): bigint {
  const digits = text.slice(0, -1);
  const value = longDigits(digits) ? maxUint + 1n : BigInt(digits);
  if (value > maxUint) throw new SyntaxProblem('invalid uint literal', at);
  return value;
}

export function doubleOf({ text, at }: Token, negative: boolean): number {
  const value = Number(text);
  if (!Number.isFinite(value)) throw new SyntaxProblem('invalid double literal', at);
  return negative ? -value : value;
}

/** BigInt() of a hundred thousand digits is slow, and none of them fits. */
function longDigits(text: string): boolean {
  return text.replace(/^0x0*|^0+/, '').length > 20;
}

export function stringOf(token: Token): string {
  const { body, raw } = bodyOf(token);
  if (raw || !body.includes('\\')) return body;
  return decoded(token, body, (code, isByte) => {
    if (!isByte && code >= 0xd800 && code <= 0xdfff) throw new SyntaxProblem('invalid unicode code point', token.at);
    return String.fromCodePoint(code);
  }).join('');
}

export function bytesOf(token: Token): Uint8Array {
  const { body, raw } = bodyOf(token);
  if (raw || !body.includes('\\')) return Buffer.from(body);
  const parts = decoded(token, body, (code, isByte) => {
    if (!isByte) throw new SyntaxProblem('unable to unescape string', token.at);
    return Buffer.of(code);
  });
  return Buffer.concat(parts.map((each) => (typeof each === 'string' ? Buffer.from(each) : each)));
}

function bodyOf({ text }: Token): { readonly body: string; readonly raw: boolean } {
  const [opening = '', quote = ''] = /^[a-zA-Z]*("""|'''|"|')/.exec(text) ?? [];
  const body = text.slice(opening.length, text.length - quote.length).replace(/\r\n?/g, '\n');
  return { body, raw: /[rR]/.test(opening.slice(0, -quote.length)) };
}

const simple = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
  ...['\\', "'", '"', '`', '?'].map((each) => [each, each] as const),
]);
const escapeSequence =
  /\\(?:([abfnrtv\\'"`?])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2}))/y;

function decoded<T>(token: Token, body: string, made: (code: number, isByte: boolean) => T): (T | string)[] {
  const parts: (T | string)[] = [];
  let at = 0;
  while (at < body.length) {
    const next = body.indexOf('\\', at);
    if (next < 0) {
      parts.push(body.slice(at));
      break;
    }
    if (next > at) parts.push(body.slice(at, next));
    escapeSequence.lastIndex = next;
    const [all, plain, hex, short, long, octal] = escapeSequence.exec(body) ?? [];
    if (all === undefined)
      throw new SyntaxProblem(`Syntax error: token recognition error at: '${token.text.slice(0, 40)}'`, token.at);
    if (plain !== undefined) parts.push(simple.get(plain) ?? plain);
    else {
      const unicode = short ?? long;
      const code = octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? unicode ?? '', 16);
      if (code > 0x10ffff) throw new SyntaxProblem('invalid unicode code point', token.at);
      parts.push(made(code, unicode === undefined));
    }
    at = next + all.length;
  }
  return parts;
}
