// Runs the CEL rules of a custom resource's schema (`x-kubernetes-validations`). Rules about parts that an update did not
// change are left out, transition rules need an old value. Source: KEP-2876, KEP-4008 (ratcheting).

import { deepEqual } from '../../machinery/equality.ts';
import {
  duplicate,
  type FieldError,
  type FieldErrorType,
  forbiddenField,
  invalidValue,
  noField,
  required,
} from '../../machinery/field-error.ts';
import { getOwn } from '../../machinery/own.ts';
import type { Schema, ValidationRule } from '../../machinery/schema.ts';
import { itemKey } from '../../machinery/structure/correlate.ts';
import { isRecord } from '../../machinery/structure/field-at.ts';
import { expressions } from '../expressions.ts';
import type { CelError, CelProgram, CelResult } from '../kubernetes/programs.ts';
import type { RuleEnvironment } from '../kubernetes/rules.ts';
import { celLimits } from '../limits.ts';
import type { Budget } from '../program.ts';
import type { Value } from '../values/values.ts';

/**
 * `old` is undefined for a create; `at`: where a value stands that is no whole resource. Errors of structure must have been found before:
 * rules expect values of the right types.
 */
export function validateRules(schema: Schema, value: unknown, old: unknown, at = ''): FieldError[] {
  const errors: FieldError[] = [];
  if (hasRules(schema)) visit(schema, value, old, at, { errors, budget: { left: celLimits.object } });
  return errors;
}

/** One validation of one object: its rules end with its budget. */
interface Run {
  readonly errors: FieldError[];
  readonly budget: Budget;
}

/** What is said instead of what rules find, where an object is so wrong that they are not run; nothing where they are to be. */
export function rulesNotChecked(schema: Schema, errors: readonly FieldError[]): FieldError[] {
  if (!errors.some(({ type }) => blocking.has(type)) || !hasRules(schema)) return [];
  const why =
    'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';
  // Kubernetes shows no value as this text.
  return [invalidValue(noField, 'null', why)];
}

const blocking: ReadonlySet<FieldErrorType> = new Set([
  'FieldValueNotSupported',
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]);

function visit(schema: Schema, value: unknown, old: unknown, path: string, run: Run): void {
  if (run.budget.left < 0) return;
  const rules = schema['x-kubernetes-validations'];
  if (rules && value !== null) runRules(schema, rules, value, old, path, run);
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items || !hasRules(items)) return;
    const before = oldItems(schema, old);
    for (const [index, each] of value.entries()) {
      const key = itemKey(schema, each);
      visit(items, each, key === undefined ? undefined : before.get(key), `${path}[${index}]`, run);
    }
    return;
  }
  if (!isRecord(value)) return;
  const { properties, additionalProperties } = schema;
  const atomic = schema['x-kubernetes-map-type'] === 'atomic';
  for (const name in value) {
    const own = getOwn(properties, name);
    const next = own ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    if (!next || !hasRules(next)) continue;
    const before = !atomic && isRecord(old) ? getOwn(old, name) : undefined;
    visit(next, value[name], before, own ? join(path, name) : `${path}[${name}]`, run);
  }
}

function oldItems(schema: Schema, old: unknown): ReadonlyMap<string, unknown> {
  const result = new Map<string, unknown>();
  if (!Array.isArray(old)) return result;
  for (const each of old) {
    const key = itemKey(schema, each);
    if (key !== undefined) result.set(key, each);
  }
  return result;
}

function runRules(
  schema: Schema,
  rules: readonly ValidationRule[],
  value: unknown,
  old: unknown,
  path: string,
  { errors, budget }: Run,
): void {
  const unchanged = old !== undefined && deepEqual(value, old);
  const { values } = expressions();
  const root = path === '' || schema['x-kubernetes-embedded-resource'] === true;
  const inputs = new Map<string, Value>();
  const oldValue = old === undefined ? undefined : values.bySchema(old, schema);
  for (const rule of rules) {
    const compiled = compiledRule(rule, schema, root);
    const isTransition = compiled.program.ok && compiled.program.value.names.has('oldSelf');
    if (isTransition ? old === undefined && !rule.optionalOldSelf : unchanged) continue;
    if (!inputs.has('self')) inputs.set('self', values.bySchema(value, schema));
    if (rule.optionalOldSelf) inputs.set('oldSelf', values.optionalOf(oldValue));
    else if (oldValue !== undefined) inputs.set('oldSelf', oldValue);
    const result = compiled.program.ok ? compiled.program.value.run(inputs, budget) : compiled.program;
    if (!result.ok || result.value !== true) errors.push(failure(rule, compiled, result, inputs, value, path, budget));
    if (budget.left < 0) return;
  }
}

function failure(
  rule: ValidationRule,
  { message }: CompiledRule,
  result: CelResult<unknown>,
  inputs: ReadonlyMap<string, Value>,
  value: unknown,
  path: string,
  budget: Budget,
): FieldError {
  const field = (rule.fieldPath ? path + ruleFieldPath(rule.fieldPath, path) : path) || noField;
  if (!result.ok) {
    // Nothing more is run, whether this one alone or all together took too much.
    const alone = budget.left >= 0;
    if (result.error.code === 'cost') budget.left = -1;
    return invalidValue(field, shown(value), errorText(rule, result.error, alone));
  }
  const made = message?.ok ? message.value.run(inputs, budget) : undefined;
  const own = made?.ok && typeof made.value === 'string' ? made.value.trim() : '';
  const usable = own !== '' && !own.includes('\n') && own.length <= 5 * 1024;
  const text = (usable ? own : rule.message?.trim()) || `failed rule: ${rule.rule.trim()}`;
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(field, text);
    case 'FieldValueRequired':
      return required(field, text);
    case 'FieldValueDuplicate':
      return {
        ...duplicate(field, shown(value)),
        message: `Duplicate value: ${JSON.stringify(shown(value))}: ${text}`,
      };
    default:
      return invalidValue(field, shown(value), text);
  }
}

function errorText({ rule, message: own }: ValidationRule, { code, message }: CelError, alone: boolean): string {
  const shownRule = own?.trim() || rule.trim();
  if (code === 'type') return `rule compile error: compilation failed: ${message}`;
  if (code === 'cost')
    return alone
      ? `'${message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shownRule}`
      : 'validation failed due to running out of cost budget, no further validation rules will be run';
  // Only what is int or string, and so of no type that is known before, gets here with it.
  return message.startsWith('no such overload')
    ? `'${message}': call arguments did not match a supported operator, function or macro signature for rule: ${shownRule}`
    : `${message} evaluating rule: ${shownRule}`;
}

/** `.a.b` and `['a']` as they are appended to a field's path. */
function ruleFieldPath(fieldPath: string, base: string): string {
  const text = fieldPath.replace(/\['((?:[^'\\]|\\.)*)'\]/g, '[$1]');
  return base === '' ? text.replace(/^\./, '') : text;
}

/** Of parts with parts of their own only the kind is told. */
function shown(value: unknown): unknown {
  if (Array.isArray(value)) return 'array';
  return isRecord(value) ? 'object' : value;
}

interface CompiledRule {
  readonly program: CelResult<CelProgram>;
  readonly message: CelResult<CelProgram> | undefined;
}

const compiledRules = new WeakMap<ValidationRule, CompiledRule>();
const environments = new WeakMap<Schema, { readonly of: RuleEnvironment | undefined }>();

function compiledRule(rule: ValidationRule, schema: Schema, root: boolean): CompiledRule {
  let compiled = compiledRules.get(rule);
  if (!compiled) {
    const { compileCel, ruleEnvironment } = expressions();
    const known = environments.get(schema) ?? { of: ruleEnvironment(schema, 'selfType', root) };
    environments.set(schema, known);
    const environment = known.of?.environment(rule.optionalOldSelf === true);
    const compile = (text: string): CelResult<CelProgram> =>
      environment
        ? compileCel(text, environment)
        : { ok: false, error: { code: 'type', message: 'the schema does not support validation rules' } };
    compiled = {
      program: compile(rule.rule),
      message: rule.messageExpression ? compile(rule.messageExpression) : undefined,
    };
    compiledRules.set(rule, compiled);
  }
  return compiled;
}

const withRules = new WeakMap<Schema, boolean>();

function hasRules(schema: Schema): boolean {
  const known = withRules.get(schema);
  if (known !== undefined) return known;
  // Built-in models inside a custom resource have none, and may go in circles.
  withRules.set(schema, false);
  const { items, additionalProperties, properties } = schema;
  const found =
    (schema['x-kubernetes-validations']?.length ?? 0) > 0 ||
    (items !== undefined && hasRules(items)) ||
    (typeof additionalProperties === 'object' && hasRules(additionalProperties)) ||
    Object.values(properties ?? {}).some(hasRules);
  withRules.set(schema, found);
  return found;
}

function join(path: string, name: string): string {
  return path ? `${path}.${name}` : name;
}
