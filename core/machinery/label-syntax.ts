// The grammar of label selector query strings, with Kubernetes' error texts.

import { invalidValue } from './field-error.ts';
import { labelValueErrors, qualifiedNameErrors } from './names.ts';
import { badRequest } from './status.ts';

export type LabelOperator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without doubles. */
  readonly values: readonly string[];
}

/** The requirements in the order they are written. Fails with BadRequest. */
export function parseSelectorText(text: string): LabelRequirement[] {
  const parser = { tokens: tokenize(text), next: 0 };
  const requirements: LabelRequirement[] = [];
  for (;;) {
    const token = peek(parser);
    if (token === '') return requirements;
    if (token !== '!' && !isIdentifier(token)) {
      throw badRequest(`found '${token}', expected: !, identifier, or 'end of string'`);
    }
    requirements.push(parseRequirement(parser));
    const separator = take(parser);
    if (separator === '') return requirements;
    if (separator !== ',') throw badRequest(`found '${separator}', expected: ',' or 'end of string'`);
    const after = peek(parser);
    if (after !== '!' && !isIdentifier(after)) {
      throw badRequest(`found '${after}', expected: identifier after ','`);
    }
  }
}

interface Parser {
  /** The empty string is the end. */
  readonly tokens: readonly string[];
  next: number;
}

const binaryOperators: ReadonlyMap<string, LabelOperator> = new Map([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '='],
  ['!=', '!='],
  ['>', 'gt'],
  ['<', 'lt'],
]);

function parseRequirement(parser: Parser): LabelRequirement {
  const negated = peek(parser) === '!';
  if (negated) parser.next++;
  const key = take(parser);
  if (!isIdentifier(key)) throw unparsable(`found '${key}', expected: identifier`);
  const keyErrors = qualifiedNameErrors(key);
  if (keyErrors.length > 0) throw unparsable(describe('key', key, keyErrors));

  if (negated) return { key, operator: '!', values: [] };
  if (peek(parser) === '' || peek(parser) === ',') return { key, operator: 'exists', values: [] };

  const sign = take(parser);
  const operator = binaryOperators.get(sign);
  if (!operator) throw unparsable(`found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
  const values = operator === 'in' || operator === 'notin' ? parseValues(parser) : [parseValue(parser)];
  checkValues(key, operator, values);
  return { key, operator, values: [...new Set(values)].sort() };
}

function parseValue(parser: Parser): string {
  const token = peek(parser);
  if (token === '' || token === ',') return '';
  parser.next++;
  if (!isIdentifier(token)) throw unparsable(`found '${token}', expected: identifier`);
  return token;
}

/** `(a,b)`; `(a,)` and `(,a)` hold the empty value too. */
function parseValues(parser: Parser): string[] {
  const open = take(parser);
  if (open !== '(') throw unparsable(`found '${open}' expected: '('`);
  if (peek(parser) === ')') {
    parser.next++;
    return [];
  }
  const values: string[] = [];
  for (;;) {
    const token = peek(parser);
    if (token === ',' || token === ')') values.push('');
    else {
      if (!isIdentifier(token)) throw unparsable(`found '${token}', expected: ',', ')' or identifier`);
      values.push(token);
      parser.next++;
    }
    const separator = take(parser);
    if (separator === ')') return values;
    if (separator !== ',') throw unparsable(`found '${separator}', expected: ',' or ')'`);
  }
}

function checkValues(key: string, operator: LabelOperator, values: readonly string[]): void {
  if (values.length === 0) {
    throw unparsable(describe('values', values, ["for 'in', 'notin' operators, values set can't be empty"]));
  }
  if ((operator === 'gt' || operator === 'lt') && !/^[+-]?\d+$/.test(values[0]!)) {
    throw unparsable(describe('values[0]', values[0], ["for 'Gt', 'Lt' operators, the value must be an integer"]));
  }
  values.forEach((value, index) => {
    const errors = labelValueErrors(value);
    if (errors.length > 0) throw unparsable(describe(`values[${index}][${key}]`, value, errors));
  });
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text[at]!;
    if (/\s/.test(char)) at++;
    else if (special.has(char)) {
      const two = text.slice(at, at + 2);
      const token = two === '==' || two === '!=' ? two : char;
      tokens.push(token);
      at += token.length;
    } else {
      const start = at;
      while (at < text.length && !special.has(text[at]!) && !/\s/.test(text[at]!)) at++;
      tokens.push(text.slice(start, at));
    }
  }
  tokens.push('');
  return tokens;
}

const special = new Set(['=', '!', '(', ')', ',', '>', '<']);

function isIdentifier(token: string): boolean {
  return token !== '' && !special.has(token[0]!);
}

function peek(parser: Parser): string {
  return parser.tokens[parser.next] ?? '';
}

function take(parser: Parser): string {
  return parser.tokens[parser.next++] ?? '';
}

function describe(path: string, value: unknown, errors: readonly string[]): string {
  const { field, message } = invalidValue(path, value, errors.join('; '));
  return `${field}: ${message}`;
}

function unparsable(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}
