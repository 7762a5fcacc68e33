// OpenAPI's keywords for strings and numbers. Patterns come from users, so they run through an engine with linear time.

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { regularExpressions } from '../expressions.ts';
import { type FieldError, invalidValue, tooLong } from '../field-error.ts';
import type { LinearExpression } from '../linear-expression.ts';
import { getOwn } from '../own.ts';
import { quantityError } from '../quantity.ts';
import type { Schema } from '../schema.ts';
import { decodingError } from './go-decoding.ts';

/** `builtIn`: a format that does not hold is a wrong type, for Kubernetes cannot decode it. */
export function checkString(schema: Schema, value: string, path: string, errors: FieldError[], builtIn: boolean): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (minLength !== undefined && codePoints(value) < minLength) {
    errors.push(invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`));
  }
  if (maxLength !== undefined && codePoints(value) > maxLength) errors.push(tooLong(path, maxLength));
  if (pattern !== undefined && !matches(schema, pattern, value)) {
    errors.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
  }
  const valid = format === undefined ? undefined : getOwn(formats, format);
  if (valid && !valid(value)) {
    const error = invalidValue(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`);
    errors.push(builtIn ? notDecoded(error, format ?? '', value) : error);
  }
}

function notDecoded({ field, message }: FieldError, format: string, value: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field, message: decodingError(format, value) ?? message };
}

export function checkNumber(schema: Schema, value: number | bigint, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, type, format } = schema;
  const fail = (detail: string) => errors.push(invalidValue(path, value, `${path} in body should be ${detail}`));
  if (minimum !== undefined && (value < minimum || (exclusiveMinimum && value <= minimum))) {
    fail(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  }
  if (maximum !== undefined && (value > maximum || (exclusiveMaximum && value >= maximum))) {
    fail(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) fail(`a multiple of ${multipleOf}`);
  if (type === 'integer' && format === 'int32' && !isInt32(value)) {
    errors.push(invalidValue(path, value, `Checked value must be of type integer with format int32 in ${path}`));
  }
}

export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

function isMultiple(value: number | bigint, of: number): boolean {
  if (typeof value === 'bigint') return Number.isSafeInteger(of) && of !== 0 && value % BigInt(of) === 0n;
  const quotient = value / of;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Of a schema's pattern, for as long as the schema lives; undefined where it does not compile. */
const compiled = new WeakMap<Schema, { readonly expression: LinearExpression | undefined }>();

/** A pattern that does not compile matches nothing; a custom resource definition with one is refused when it is created. */
function matches(schema: Schema, pattern: string, value: string): boolean {
  let known = compiled.get(schema);
  if (!known) {
    known = { expression: compile(pattern) };
    compiled.set(schema, known);
  }
  return known.expression?.matcher(value).find() ?? false;
}

function compile(pattern: string): LinearExpression | undefined {
  const { compileLinear } = regularExpressions();
  try {
    return compileLinear(pattern);
  } catch {
    return undefined;
  }
}

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const dnsLabel = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;
const duration = /^[+-]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;

/** Only the formats that Kubernetes knows are checked; any other is documentation. */
const formats: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': isTime,
  'micro-time': isTime,
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  quantity: (value) => quantityError(value) === undefined,
  byte: (value) => base64.test(value.replace(/[\r\n]/g, '')),
  duration: (value) => duration.test(value),
  ipv4: isIPv4,
  ipv6: isIPv6,
  ip: (value) => isIP(value) > 0,
  cidr: isCidr,
  uuid: (value) => uuid.test(value),
  hostname: (value) => value.length <= 255 && value.split('.').every((label) => dnsLabel.test(label)),
  email: (value) => /^[^\s@]+@[^\s@]+$/.test(value),
  mac: (value) => /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i.test(value),
  uri: (value) => URL.canParse(value) || value.startsWith('/'),
};

function isTime(value: string): boolean {
  return dateTime.test(value) && !Number.isNaN(Date.parse(value));
}

function isCidr(value: string): boolean {
  const [address = '', length = '', ...rest] = value.split('/');
  const bits = isIPv4(address) ? 32 : 128;
  return rest.length === 0 && isIP(address) > 0 && /^\d{1,3}$/.test(length) && Number(length) <= bits;
}
