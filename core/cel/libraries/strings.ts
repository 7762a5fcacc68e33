// Texts. Source: cel-go's strings extension, version 2. Indices count characters, not UTF-16 units.

import { declared, global, type Library, member } from '../check/environment.ts';
import * as t from '../types/types.ts';
import { PlainList } from '../values/lists.ts';
import {
  CostExceeded,
  fail,
  type ListValue,
  largestValue,
  lengthOf,
  noSuchOverload,
  type Value,
} from '../values/values.ts';
import { format } from './format.ts';

const { string, int, list } = t;

export const strings: Library = {
  functions: [
    declared('charAt', member('string_char_at_int', [string, int], string, charAt)),
    declared(
      'indexOf',
      member('string_index_of_string', [string, string], int, (text: string, part: string) => indexOf(text, part, 0n)),
      member('string_index_of_string_int', [string, string, int], int, indexOf),
    ),
    declared(
      'lastIndexOf',
      member('string_last_index_of_string', [string, string], int, (text: string, part: string) =>
        lastIndexOf(text, part, BigInt(part === '' ? lengthOf(text) : Math.max(0, lengthOf(text) - 1))),
      ),
      member('string_last_index_of_string_int', [string, string, int], int, lastIndexOf),
    ),
    declared(
      'lowerAscii',
      member('string_lower_ascii', [string], string, (text: string) =>
        text.replace(/[A-Z]+/g, (each) => each.toLowerCase()),
      ),
    ),
    declared(
      'upperAscii',
      member('string_upper_ascii', [string], string, (text: string) =>
        text.replace(/[a-z]+/g, (each) => each.toUpperCase()),
      ),
    ),
    declared(
      'replace',
      member(
        'string_replace_string_string',
        [string, string, string],
        string,
        (text: string, from: string, to: string) => replace(text, from, to, -1n),
      ),
      member('string_replace_string_string_int', [string, string, string, int], string, replace),
    ),
    declared(
      'split',
      member('string_split_string', [string, string], list(string), (text: string, by: string) => split(text, by, -1n)),
      member('string_split_string_int', [string, string, int], list(string), split),
    ),
    declared(
      'substring',
      member('string_substring_int', [string, int], string, (text: string, start: bigint) =>
        substring(text, start, undefined),
      ),
      member('string_substring_int_int', [string, int, int], string, substring),
    ),
    declared('trim', member('string_trim', [string], string, trim)),
    declared(
      'join',
      member('list_join', [list(string)], string, (of: ListValue) => join(of, '')),
      member('list_join_string', [list(string), string], string, join),
    ),
    declared('format', member('string_format', [string, list(t.dyn)], string, format)),
    declared('strings.quote', global('strings_quote', [string], string, quote)),
  ],
};

/** What Go calls space: JavaScript has one more and one less. */
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** By characters: a pattern that ends with the text would take the square of the spaces within it. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && space.test(text.charAt(start))) start += 1;
  while (end > start && space.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function outOfRange(index: bigint): Value {
  return fail(`index out of range: ${index}`);
}

/** Places of characters are those of UTF-16 units where a text has no characters of two. */
function isSimple(text: string): boolean {
  return !/[\ud800-\udbff]/.test(text);
}

function slice(text: string, start: number, end?: number): string {
  return isSimple(text) ? text.slice(start, end) : Array.from(text).slice(start, end).join('');
}

function charAt(text: string, index: bigint): Value {
  if (index < 0n || index > BigInt(lengthOf(text))) return outOfRange(index);
  return slice(text, Number(index), Number(index) + 1);
}

function substring(text: string, start: bigint, end: bigint | undefined): Value {
  const length = BigInt(lengthOf(text));
  if (end !== undefined && start > end) return fail(`invalid substring range. start: ${start}, end: ${end}`);
  if (start < 0n || start > length) return outOfRange(start);
  if (end !== undefined && (end < 0n || end > length)) return outOfRange(end);
  return slice(text, Number(start), end === undefined ? undefined : Number(end));
}

/** The unit at which a character begins, and back. */
function unitOf(text: string, character: number): number {
  return isSimple(text) ? character : slice(text, 0, character).length;
}

function characterOf(text: string, unit: number): bigint {
  return BigInt(unit < 0 ? -1 : lengthOf(text.slice(0, unit)));
}

function indexOf(text: string, part: string, from: bigint): Value {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  if (from >= BigInt(lengthOf(text))) return -1n;
  return characterOf(text, text.indexOf(part, unitOf(text, Number(from))));
}

function lastIndexOf(text: string, part: string, from: bigint): Value {
  if (part === '') return from;
  if (from < 0n) return outOfRange(from);
  if (from >= BigInt(lengthOf(text))) return -1n;
  return characterOf(text, text.lastIndexOf(part, unitOf(text, Number(from))));
}

/** `limit`: below 0, all. */
function replace(text: string, from: string, to: string, limit: bigint): Value {
  if (limit === 0n) return text;
  const most = limit < 0n ? Number.POSITIVE_INFINITY : Number(limit);
  // An empty text stands before each character, and at the end.
  const parts = from === '' ? ['', ...Array.from(text), ''] : text.split(from);
  const count = Math.min(most, parts.length - 1);
  if (count * to.length + text.length > largestValue) throw new CostExceeded();
  const head = parts.slice(0, count + 1).join(to);
  return count === parts.length - 1 ? head : [head, ...parts.slice(count + 1)].join(from);
}

function split(text: string, by: string, limit: bigint): Value {
  if (limit === 0n) return new PlainList([]);
  const parts = by === '' ? Array.from(text) : text.split(by);
  if (limit < 0n || BigInt(parts.length) <= limit) return new PlainList(parts);
  const kept = Number(limit) - 1;
  return new PlainList([...parts.slice(0, kept), parts.slice(kept).join(by)]);
}

function join(of: ListValue, separator: string): Value {
  const parts: string[] = [];
  let length = 0;
  for (const each of of.items) {
    if (typeof each !== 'string') return fail(noSuchOverload);
    parts.push(each);
    length += each.length + separator.length;
    if (length > largestValue) throw new CostExceeded();
  }
  return parts.join(separator);
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['\u0007', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);

function quote(text: string): Value {
  return `"${Array.from(text.toWellFormed(), (each) => escapes.get(each) ?? each).join('')}"`;
}
