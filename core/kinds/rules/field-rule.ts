// One field under one rule of names: what nearly every kind has somewhere.

import { type FieldError, invalidValue, required } from '../../machinery/field-error.ts';

/** What is wrong with a value; empty when nothing is. */
export type Rule = (value: string) => string[];

export function optionalField(value: string | undefined, rule: Rule, path: string): FieldError[] {
  return value === undefined || value === '' ? [] : rule(value).map((message) => invalidValue(path, value, message));
}

export function requiredField(value: string | undefined, rule: Rule, path: string): FieldError[] {
  return value === undefined || value === '' ? [required(path)] : optionalField(value, rule, path);
}
