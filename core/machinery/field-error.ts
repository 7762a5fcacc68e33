// Field errors: what is wrong with which field. Validators return them; `invalid` turns a list into one Status.
// The texts are those of Kubernetes' field.Error, which clients and tests match on.

import { setOwn } from './own.ts';
import { type StatusCause, StatusError } from './status.ts';

export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueNotFound'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueTypeInvalid'
  | 'InternalError';

export interface FieldError {
  type: FieldErrorType;
  /** Path of the field, such as `spec.containers[0].name`. */
  field: string;
  message: string;
  /** Where the value stands, where `field` does not say. */
  place?: string;
}

/** How Kubernetes names the field of what is wrong with an object as a whole. */
export const noField = '<nil>';

export function required(field: string, detail = ''): FieldError {
  return { type: 'FieldValueRequired', field, message: join('Required value', detail) };
}

export function invalidValue(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: join(`Invalid value: ${show(value)}`, detail) };
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((each) => JSON.stringify(each)).join(', ');
  return {
    type: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${show(value)}: supported values: ${list}`,
  };
}

export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'FieldValueDuplicate', field, message: `Duplicate value: ${show(value)}` };
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'FieldValueForbidden', field, message: join('Forbidden', detail) };
}

export function notFoundField(field: string, value: unknown): FieldError {
  return { type: 'FieldValueNotFound', field, message: `Not found: ${show(value)}` };
}

export function tooLong(field: string, maxLength: number): FieldError {
  return { type: 'FieldValueTooLong', field, message: `Too long: may not be more than ${maxLength} bytes` };
}

export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, message: `Too many: ${actual}: must have at most ${max} items` };
}

export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'FieldValueTypeInvalid', field, message: join(`Invalid value: ${show(value)}`, detail) };
}

/**
 * What is wrong with each of many, as far as anybody is told of it: of a hundred thousand errors a hundred are told, to make the others takes long, and
 * they are more than can be handed on as arguments.
 */
export function errorsOf<T>(
  items: Iterable<T>,
  check: (item: T, index: number) => readonly FieldError[],
): FieldError[] {
  const errors: FieldError[] = [];
  let index = 0;
  for (const item of items) {
    errors.push(...check(item, index++));
    if (errors.length > enoughErrors) break;
  }
  return errors;
}

/** More than are told, so that the number of the others says that they are many. */
const enoughErrors = 1000;

/** One `Invalid` Status for all the errors of one object. `kind` is the object's kind, as in `Deployment`. */
export function invalid(kind: string, group: string, name: string, errors: readonly FieldError[]): StatusError {
  const reported = errors
    .slice(0, maxReportedErrors)
    .map((each) => ({ ...each, field: cut(each.field), message: cut(each.message) }));
  const causes: StatusCause[] = reported.map((each) => ({
    reason: each.type,
    message: each.message,
    field: each.field,
  }));
  // Each cause is told of; the message says the same but once.
  const lines = [...new Set(reported.map((each) => `${each.field}: ${each.message}`))];
  if (errors.length > maxReportedErrors) lines.push(`and ${errors.length - maxReportedErrors} more errors`);
  const listed = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualifiedKind = group ? `${kind}.${group}` : kind;
  return new StatusError('Invalid', `${qualifiedKind} "${cut(name)}" is invalid: ${listed}`, {
    ...(name && { name: cut(name) }),
    ...(group && { group }),
    kind,
    causes,
  });
}

/** An answer says what is wrong, and not all of a hundred thousand fields and values once more. */
const maxReportedErrors = 100;
const maxReportedLength = 10_000;

function cut(text: string): string {
  return text.length <= maxReportedLength ? text : `${text.slice(0, maxReportedLength).toWellFormed()}...`;
}

function join(head: string, detail: string): string {
  return detail ? `${head}: ${detail}` : head;
}

/** Of a list of a megabyte no more than is told (`cut`): a thousand errors may each be about all of it. */
function show(value: unknown): string {
  const text = JSON.stringify(beginning(value, { left: maxReportedLength })) ?? 'null';
  if (typeof value !== 'object') return text;
  // As Go's encoder writes lists and objects, and no text by itself: fit for HTML.
  return text.replace(/[<>&\u2028\u2029]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As much of a value as has so many characters. */
function beginning(value: unknown, room: { left: number }): unknown {
  room.left -= 1;
  if (typeof value === 'string') {
    const shown = value.length > room.left ? value.slice(0, Math.max(1, room.left + 1)) : value;
    room.left -= shown.length;
    return shown;
  }
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value;
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const each of value) {
      if (room.left < 0) break;
      items.push(beginning(each, room));
    }
    return items;
  }
  const fields: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) {
    if (room.left < 0) break;
    room.left -= name.length;
    setOwn(fields, name, beginning(each, room));
  }
  return fields;
}
