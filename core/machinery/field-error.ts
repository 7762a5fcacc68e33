// Field errors: what is wrong with which field. Validators return them; `invalid` turns a list into one Status.
// The texts are those of Kubernetes' field.Error, which clients and tests match on.

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

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
