// The grammar of Kubernetes' JSONPath: `.a['b'][0][1:3:2][*]..c[?(@.d=="e")]`, and `\.` for a dot in a field's name.

import { parseJson } from './json.ts';
import { badRequest } from './status.ts';

export type Step =
  | { readonly kind: 'root' }
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  /** The value and all that is below it. */
  | { readonly kind: 'recursive' }
  | { readonly kind: 'index'; readonly at: number }
  | { readonly kind: 'slice'; readonly from: number | undefined; readonly to: number | undefined; readonly by: number }
  | { readonly kind: 'union'; readonly paths: readonly (readonly Step[])[] }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator: string; readonly right?: Operand };

export interface Operand {
  readonly path?: readonly Step[];
  readonly literal?: string | number | bigint | boolean | null;
}

/** The steps of a path, with or without its braces. Fails with BadRequest. */
export function parseJsonPath(text: string): Step[] {
  const trimmed = text.trim();
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1).trim() : trimmed;
  // kubectl takes a path without its first dot.
  const path = /^[A-Za-z_]/.test(inner) ? `.${inner}` : inner;
  if (path === '') throw badRequest(`invalid JSON path ${JSON.stringify(text)}: write it as in .spec.replicas`);
  const cursor: Cursor = { text: path, at: 0, whole: text };
  const steps = parseSteps(cursor);
  if (cursor.at < path.length) throw unexpected(cursor);
  return steps;
}

interface Cursor {
  readonly text: string;
  at: number;
  /** What the user wrote, for errors. */
  readonly whole: string;
}

function parseSteps(cursor: Cursor): Step[] {
  const steps: Step[] = [];
  for (;;) {
    const char = cursor.text[cursor.at];
    if (char === '$' && steps.length === 0) {
      cursor.at++;
      steps.push({ kind: 'root' });
    } else if (char === '@' && steps.length === 0) cursor.at++;
    else if (char === '.') parseField(cursor, steps);
    else if (char === '[') steps.push(parseBracket(cursor));
    else return steps;
  }
}

function parseField(cursor: Cursor, steps: Step[]): void {
  cursor.at++;
  if (cursor.text[cursor.at] === '.') {
    cursor.at++;
    steps.push({ kind: 'recursive' });
    if (cursor.text[cursor.at] === '[') return;
  }
  if (cursor.text[cursor.at] === '*') {
    cursor.at++;
    steps.push({ kind: 'wildcard' });
    return;
  }
  let name = '';
  for (; cursor.at < cursor.text.length; cursor.at++) {
    const char = cursor.text[cursor.at]!;
    if (char === '\\' && cursor.at + 1 < cursor.text.length) name += cursor.text[++cursor.at];
    else if (/[\w\-/$]/.test(char) || char > '\u007f') name += char;
    else break;
  }
  if (name !== '') steps.push({ kind: 'field', name });
  // A lone dot is the value itself, before a bracket or at the end.
  else if (cursor.at < cursor.text.length && cursor.text[cursor.at] !== '[') throw unexpected(cursor);
}

function parseBracket(cursor: Cursor): Step {
  cursor.at++;
  skipSpace(cursor);
  if (cursor.text[cursor.at] === '?') return parseFilter(cursor);
  const steps: Step[] = [];
  for (;;) {
    skipSpace(cursor);
    steps.push(parseSubscript(cursor));
    skipSpace(cursor);
    const char = cursor.text[cursor.at];
    cursor.at++;
    if (char === ']') break;
    if (char !== ',') throw unexpected(cursor, cursor.at - 1);
  }
  return steps.length === 1 ? steps[0]! : { kind: 'union', paths: steps.map((step) => [step]) };
}

function parseSubscript(cursor: Cursor): Step {
  const char = cursor.text[cursor.at];
  if (char === '*') {
    cursor.at++;
    return { kind: 'wildcard' };
  }
  if (char === "'" || char === '"') return { kind: 'field', name: parseString(cursor) };
  const slice = match(cursor, /(-?\d+)?:(-?\d+)?(?::(\d+)?)?/y);
  if (slice) {
    const number = (part: string | undefined) => (part === undefined ? undefined : Number(part));
    const by = number(slice[3]) ?? 1;
    if (by === 0) throw unexpected(cursor);
    return { kind: 'slice', from: number(slice[1]), to: number(slice[2]), by };
  }
  const index = match(cursor, /-?\d+/y);
  if (index) return { kind: 'index', at: Number(index[0]) };
  throw unexpected(cursor);
}

function parseFilter(cursor: Cursor): Step {
  if (!match(cursor, /\?\(\s*/y)) throw unexpected(cursor);
  const left = parseOperand(cursor);
  const operator = match(cursor, /\s*(==|!=|<=|>=|<|>)\s*/y)?.[1];
  const right = operator ? parseOperand(cursor) : undefined;
  if (!match(cursor, /\s*\)\s*\]/y)) throw unexpected(cursor);
  return right ? { kind: 'filter', left, operator: operator!, right } : { kind: 'filter', left, operator: 'exists' };
}

function parseOperand(cursor: Cursor): Operand {
  const char = cursor.text[cursor.at];
  if (char === '@' || char === '$' || char === '.') return { path: parseSteps(cursor) };
  if (char === "'" || char === '"') return { literal: parseString(cursor) };
  const word = match(cursor, /true|false|null|-?\d+(?:\.\d+)?/y)?.[0];
  if (word === undefined) throw unexpected(cursor);
  return { literal: parseJson(word) as number | bigint | boolean | null }; // the expression lets nothing else through
}

function parseString(cursor: Cursor): string {
  const quote = cursor.text[cursor.at];
  let value = '';
  for (let at = cursor.at + 1; at < cursor.text.length; at++) {
    const char = cursor.text[at]!;
    if (char === quote) {
      cursor.at = at + 1;
      return value;
    }
    value += char === '\\' && at + 1 < cursor.text.length ? cursor.text[++at] : char;
  }
  throw badRequest(`invalid JSON path ${JSON.stringify(cursor.whole)}: a string has no end`);
}

function match(cursor: Cursor, expression: RegExp): RegExpExecArray | undefined {
  expression.lastIndex = cursor.at;
  const found = expression.exec(cursor.text);
  if (!found) return undefined;
  cursor.at += found[0].length;
  return found;
}

function skipSpace(cursor: Cursor): void {
  match(cursor, /\s*/y);
}

function unexpected(cursor: Cursor, at = cursor.at): Error {
  const what = at < cursor.text.length ? `${JSON.stringify(cursor.text[at])} at ${at}` : 'end';
  return badRequest(`invalid JSON path ${JSON.stringify(cursor.whole)}: unexpected ${what}`);
}
