// OpenAPI's keywords for strings and numbers. Patterns come from users, so they run through an engine with linear time.

import { regularExpressions } from '../expressions.ts';
import { type FieldError, invalidValue, noField, tooLong, typeInvalid } from '../field-error.ts';
import type { LinearExpression } from '../linear-expression.ts';
import { getOwn } from '../own.ts';
import { quantityError } from '../quantity.ts';
import type { Schema } from '../schema.ts';
import { decodingError } from './go-decoding.ts';
import { textFormats } from './late-text-formats.ts';

/** The first that is wrong of length and pattern, and the format. */
export function checkString(schema: Schema, value: string, path: string, errors: FieldError[]): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (maxLength !== undefined && codePoints(value) > maxLength) errors.push(tooLong(path, maxLength));
  else if (minLength !== undefined && codePoints(value) < minLength)
    errors.push(invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`));
  else if (pattern !== undefined && !matches(schema, pattern, value))
    errors.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
  if (format === undefined || !textFormats().isKnownFormat(schema)) return;
  if (textFormats().textFormat(format)?.(value) === false) errors.push(notOfFormat(path, value, format));
}

/** Of a built-in type: what does not have its format cannot be decoded. */
export function checkDecodedString({ format }: Schema, value: string, path: string, errors: FieldError[]): void {
  if (format === undefined || getOwn(decoded, format)?.(value) !== false) return;
  const error = notOfFormat(path, value, format);
  errors.push({ ...error, message: decodingError(format, value) ?? error.message });
}

function notOfFormat(path: string, value: string, format: string): FieldError {
  return typeInvalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`);
}

export function checkNumber(schema: Schema, value: number | bigint, path: string, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf, type, format } = schema;
  const fail = (detail: string) => errors.push(invalidValue(path, value, `${path} in body should be ${detail}`));
  const narrow =
    (type === 'integer' && format === 'int32' && !isInt32(value)) ||
    (type === 'number' && format === 'float' && !isFloat32(value));
  if (narrow) {
    const why = `Checked value must be of type ${type} with format ${format} in ${path}`;
    errors.push({ ...invalidValue(noField, '', why), place: path });
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) fail(`a multiple of ${multipleOf}`);
  if (minimum !== undefined && (value < minimum || (exclusiveMinimum && value <= minimum))) {
    fail(exclusiveMinimum ? `greater than ${minimum}` : `greater than or equal to ${minimum}`);
  }
  if (maximum !== undefined && (value > maximum || (exclusiveMaximum && value >= maximum))) {
    fail(exclusiveMaximum ? `less than ${maximum}` : `less than or equal to ${maximum}`);
  }
}

export function isInt32(value: unknown): value is number {
  return typeof value === 'number' && (value | 0) === value;
}

function isFloat32(value: number | bigint): boolean {
  return Number.isFinite(Math.fround(Number(value)));
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
/** Formats of built-in types: what does not hold cannot be decoded. */
const decoded: Readonly<Record<string, (value: string) => boolean>> = {
  'date-time': isTime,
  'micro-time': isTime,
  quantity: (value) => quantityError(value) === undefined,
  byte: (value) => base64.test(value.replace(/[\r\n]/g, '')),
};

function isTime(value: string): boolean {
  return dateTime.test(value) && !Number.isNaN(Date.parse(value));
}
