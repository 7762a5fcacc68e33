// `text.format(list)`. Source: cel-go's strings extension, version 2, whose numbers with fractions are those of the locale en_US: thousands
// have commas, and powers of ten are written as such.

import { textOfDouble } from '../values/numbers.ts';
import { formatDuration, formatTimestamp } from '../values/times.ts';
import { typeName } from '../values/type-of.ts';
import {
  CostExceeded,
  Duration,
  Failure,
  fail,
  ListValue,
  largestValue,
  MapValue,
  Timestamp,
  TypeValue,
  Uint,
  type Value,
} from '../values/values.ts';

/** More digits than any double has. */
const mostDigits = 100;

export function format(text: string, args: ListValue): Value {
  let next = 0;
  const output = new Output();
  for (let at = 0; at < text.length; at += 1) {
    const percent = text.indexOf('%', at);
    if (percent < 0) {
      output.add(text.slice(at));
      break;
    }
    output.add(text.slice(at, percent));
    at = percent + 1;
    if (text[at] === '%') {
      output.add('%');
      continue;
    }
    if (next >= args.size) return fail(`index ${next} out of range`);
    if (at >= text.length) return fail('unexpected end of string');
    const [clause, digits, verb = ''] = /^(?:\.(\d*))?(.?)/s.exec(text.slice(at, at + 20)) ?? [];
    if (digits === '')
      return fail(
        parsing(
          'error while parsing precision: error while converting precision to integer: strconv.Atoi: parsing "": invalid syntax',
        ),
      );
    if (verb === '') return fail(parsing('error while parsing precision: could not find end of precision specifier'));
    const precision = digits === undefined ? 6 : Number(digits);
    if (precision > mostDigits) return fail(parsing(`precision ${precision} is larger than ${mostDigits}`));
    const write = clauses.get(verb);
    if (!write) return fail(parsing(`unrecognized formatting clause ${JSON.stringify(verb)}`));
    const problem = write(args.at(next), output, precision);
    if (problem) return fail(`error during formatting: ${problem}`);
    next += 1;
    at += (clause?.length ?? 1) - 1;
  }
  return output.text;
}

function parsing(why: string): string {
  return `could not parse formatting clause: ${why}`;
}

class Output {
  private readonly parts: string[] = [];
  private length = 0;
  /** A value may stand in another twice, and that in a third ... */
  add(part: string): undefined {
    this.length += part.length;
    if (this.length > largestValue) throw new CostExceeded();
    this.parts.push(part);
    return undefined;
  }
  get text(): string {
    return this.parts.join('');
  }
}

/** Adds a value; a text says why it cannot. */
type Clause = (value: Value, output: Output, precision: number) => string | undefined;

const clauses: ReadonlyMap<string, Clause> = new Map<string, Clause>([
  ['s', (value, output) => writeText(value, output)],
  [
    'd',
    (value, output) => {
      const whole = wholeOf(value);
      if (whole !== undefined) return output.add(String(whole));
      return `decimal clause can only be used on integers, was given ${typeName(value)}`;
    },
  ],
  ['f', fraction('fixed-point', fixed)],
  ['e', fraction('scientific', scientific)],
  [
    'b',
    (value, output) => {
      if (typeof value === 'boolean') return output.add(value ? '1' : '0');
      const whole = wholeOf(value);
      if (whole !== undefined) return output.add(whole.toString(2));
      return `only integers and bools can be formatted as binary, was given ${typeName(value)}`;
    },
  ],
  [
    'o',
    (value, output) => {
      const whole = wholeOf(value);
      if (whole !== undefined) return output.add(whole.toString(8));
      return `octal clause can only be used on integers, was given ${typeName(value)}`;
    },
  ],
  ['x', hexadecimal((text) => text)],
  ['X', hexadecimal((text) => text.toUpperCase())],
]);

function wholeOf(value: Value): bigint | undefined {
  return typeof value === 'bigint' ? value : value instanceof Uint ? value.value : undefined;
}

function hexadecimal(cased: (text: string) => string): Clause {
  return (value, output) => {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    if (bytes instanceof Uint8Array) return output.add(cased(Buffer.from(bytes).toString('hex')));
    const whole = wholeOf(value);
    if (whole !== undefined) return output.add(cased(whole.toString(16)));
    return `only integers, byte buffers, and strings can be formatted as hex, was given ${typeName(value)}`;
  };
}

function fraction(name: string, shown: (value: number, precision: number) => string): Clause {
  return (value, output, precision) => {
    const number = typeof value === 'string' ? special.get(value) : value;
    if (typeof number !== 'number') return `${name} clause can only be used on doubles, was given ${typeName(value)}`;
    if (Number.isNaN(number)) return output.add('NaN');
    if (!Number.isFinite(number)) return output.add(number > 0 ? '∞' : '-∞');
    return output.add(shown(number, precision));
  };
}

const special = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function fixed(value: number, precision: number): string {
  const [, sign = '', whole = '', rest = ''] = /^(-?)(\d+)(.*)$/s.exec(plainFixed(value, precision)) ?? [];
  return `${sign}${BigInt(whole).toLocaleString('en-US')}${rest}`;
}

/** toFixed gives an exponent from 1e21 on. */
function plainFixed(value: number, precision: number): string {
  if (Math.abs(value) < 1e21) return toEven(value.toFixed(precision), value.toFixed(Math.min(precision + 25, 100)));
  return `${BigInt(value)}${precision > 0 ? `.${'0'.repeat(precision)}` : ''}`;
}

/** JavaScript rounds what lies in the middle away from zero, Go to the even digit. */
function toEven(rounded: string, exact: string): string {
  const digits = exact.length - rounded.length - (rounded.includes('.') ? 0 : 1);
  const tail = exact.slice(exact.length - digits);
  const head = exact.slice(0, exact.length - digits).replace(/\.$/, '');
  if (!/^50*$/.test(tail)) return rounded;
  return /[02468]$/.test(head) ? head : rounded;
}

const superscripts = '⁰¹²³⁴⁵⁶⁷⁸⁹';

/** Always with six digits: what is told as precision is a width there. */
function scientific(value: number): string {
  const [digits = '', exponent = '0'] = value.toExponential(6).split('e');
  const power = String(Math.abs(Number(exponent))).padStart(2, '0');
  const raised = Array.from(power, (each) => superscripts[Number(each)]).join('');
  return `${digits}\u202f×\u202f10${Number(exponent) < 0 ? '⁻' : ''}${raised}`;
}

function writeText(value: Value, output: Output): string | undefined {
  const text = textOf(value);
  if (text !== undefined) return output.add(text);
  if (value instanceof ListValue) return writeList(value, output);
  if (value instanceof MapValue) return writeMap(value, output);
  return `string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given ${typeName(value)}`;
}

function textOf(value: Value): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return textOfDouble(value);
  }
  if (value === null) return 'null';
  if (value instanceof Uint) return String(value.value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  return value instanceof TypeValue ? value.name : undefined;
}

function writeList(list: ListValue, output: Output): string | undefined {
  output.add('[');
  for (let index = 0; index < list.size; index += 1) {
    if (index > 0) output.add(', ');
    const problem = writeLiteral(list.at(index), output);
    if (problem) return problem;
  }
  return output.add(']');
}

function writeMap(map: MapValue, output: Output): string | undefined {
  const entries: [string, Value][] = [];
  for (const key of map.keys()) {
    const value = map.find(key) ?? null;
    if (typeof key === 'string') entries.push([JSON.stringify(key), value]);
    else if (typeof key === 'boolean' || wholeOf(key) !== undefined) entries.push([textOf(key) ?? '', value]);
    else return `no formatting function for map key of type ${typeName(key)}`;
  }
  output.add('{');
  for (const [index, [key, value]] of entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).entries()) {
    output.add(`${index > 0 ? ', ' : ''}${key}:`);
    const problem = writeLiteral(value, output);
    if (problem) return problem;
  }
  return output.add('}');
}

/** As it would stand in an expression. */
function writeLiteral(value: Value, output: Output): string | undefined {
  if (typeof value === 'string') return output.add(JSON.stringify(value));
  if (typeof value === 'number')
    return output.add(Number.isFinite(value) ? plainFixed(value, 6) : JSON.stringify(textOfDouble(value)));
  if (value instanceof Uint8Array) return output.add(`b${JSON.stringify(textOf(value))}`);
  if (value instanceof Timestamp) return output.add(`timestamp(${JSON.stringify(formatTimestamp(value))})`);
  if (value instanceof Duration) return output.add(`duration(${JSON.stringify(formatDuration(value))})`);
  if (value instanceof Failure) return value.message;
  const text = textOf(value);
  if (text !== undefined) return output.add(text);
  if (value instanceof ListValue) return writeList(value, output);
  if (value instanceof MapValue) return writeMap(value, output);
  return `no formatting function for ${typeName(value)}`;
}
