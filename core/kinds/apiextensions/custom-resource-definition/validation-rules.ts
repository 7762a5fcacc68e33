// The rules of a custom resource's schema (`x-kubernetes-validations`), checked when they are written down: they compile,
// they name fields that exist, transition rules stand where an old value can be found, and their cost has a bound.
// Source: KEP-2876.

import type { V1JSONSchemaProps, V1ValidationRule } from '../../../../generated/kubernetes.ts';
import type { RuleEnvironment } from '../../../cel/kubernetes/rules.ts';
import { celLimits } from '../../../cel/limits.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import type { CompiledExpression, CompiledRules } from './compiled-rules.ts';

export interface RulePlace {
  /** Whether the old value of this part can be found. */
  /** The list or map whose items are not known again after an update; undefined where all are. */
  readonly uncorrelatable: string | undefined;
  /** How many parts of an object the schema may hold for; undefined below a list or map without a bound. */
  readonly cardinality: number | undefined;
  readonly rules: CompiledRules;
  /** Of all rules of the schema that it is a part of. */
  readonly costs: RuleCost[];
}

export interface RuleCost {
  readonly path: string;
  readonly cost: number;
}

const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];

/** `root`: of a resource, the whole or one that is embedded. */
export function checkRules(
  schema: V1JSONSchemaProps,
  path: string,
  place: RulePlace,
  root: boolean,
  errors: FieldError[],
): void {
  const rules = schema['x-kubernetes-validations'];
  if (!rules?.length) return;
  if (!schema.type && !schema['x-kubernetes-int-or-string']) {
    errors.push(forbiddenField(`${path}.x-kubernetes-validations`, 'must have a type to be validated by rules'));
    return;
  }
  const own = place.rules.environment(schema, root);
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    if (own) checkRule(rule, at, own, schema, place, errors);
    else
      errors.push({
        type: 'InternalError',
        field: at,
        message: `Internal error: rule declared on schema that does not support validation rules type: '${schema.type ?? ''}' x-kubernetes-preserve-unknown-fields: '${schema['x-kubernetes-preserve-unknown-fields'] === true}'`,
      });
  }
}

function checkRule(
  rule: V1ValidationRule,
  path: string,
  own: RuleEnvironment,
  schema: V1JSONSchemaProps,
  place: RulePlace,
  errors: FieldError[],
): void {
  if (!rule.rule?.trim()) {
    errors.push(required(`${path}.rule`, 'rule is not specified'));
    return;
  }
  const [condition, message] = place.rules.rule(rule, own);
  const check = (
    { compiled }: CompiledExpression,
    expression: string,
    field: string,
    wanted: string,
    words: string,
  ) => {
    if (!compiled.ok) errors.push(invalidValue(field, expression, `compilation failed: ${compiled.error.message}`));
    else if (compiled.value.type !== wanted) errors.push(invalidValue(field, expression, words));
    return compiled.ok ? compiled.value : undefined;
  };
  const program = check(condition, rule.rule, `${path}.rule`, 'bool', 'cel expression must evaluate to a bool');
  if (program) {
    const reads = program.names.has('oldSelf');
    if (reads && place.uncorrelatable !== undefined)
      errors.push(
        invalidValue(
          `${path}.rule`,
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`,
        ),
      );
    if (rule.optionalOldSelf !== undefined && !reads)
      errors.push(
        invalidValue(`${path}.optionalOldSelf`, rule.optionalOldSelf, 'may not be set if oldSelf is not used in rule'),
      );
    errors.push(...checkCost(condition.cost, 'estimated rule cost', `${path}.rule`, own, place));
  }
  if (message && rule.messageExpression) {
    const made = check(
      message,
      rule.messageExpression,
      `${path}.messageExpression`,
      'string',
      'messageExpression must evaluate to a string',
    );
    if (made)
      errors.push(
        ...checkCost(message.cost, 'estimated messageExpression cost', `${path}.messageExpression`, own, place),
      );
  }
  if (rule.message !== undefined && rule.message.trim() === '' && rule.message !== '')
    errors.push(invalidValue(`${path}.message`, rule.message, 'message must be non-empty if specified'));
  if (rule.message?.trim().includes('\n'))
    errors.push(invalidValue(`${path}.message`, rule.message, 'message must not contain line breaks'));
  if (!rule.message && rule.rule.trim().includes('\n'))
    errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'));
  if (rule.reason && !reasons.includes(rule.reason)) errors.push(notSupported(`${path}.reason`, rule.reason, reasons));
  if (rule.fieldPath !== undefined && !namesField(schema, rule.fieldPath))
    errors.push(invalidValue(`${path}.fieldPath`, rule.fieldPath, 'fieldPath must be a valid path'));
}

/** An expression's cost, as often as it may run on one object, against what one expression may take. */
function checkCost(
  once: number,
  what: string,
  path: string,
  { mostInRequest }: RuleEnvironment,
  { cardinality, costs }: RulePlace,
): FieldError[] {
  const times = cardinality ?? mostInRequest;
  const cost = once * times;
  costs.push({ path, cost });
  return cost > celLimits.estimate ? [forbiddenField(path, costText(what, cost, celLimits.estimate))] : [];
}

/** What all rules of one schema cost together, and which of them most. */
export function checkTotalCost(costs: readonly RuleCost[], path: string): FieldError[] {
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= celLimits.schema) return [];
  const worst = costs.toSorted((a, b) => b.cost - a.cost).slice(0, 4);
  return [
    ...worst.map((each) =>
      forbiddenField(
        each.path,
        'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
      ),
    ),
    forbiddenField(
      path,
      costText(
        'x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema',
        total,
        celLimits.schema,
      ),
    ),
  ];
}

function costText(what: string, cost: number, limit: number): string {
  const times = cost / limit;
  // Two orders of magnitude say that bounds are missing; a little over 1 would read as 1.0.
  const factor = times > 100 ? 'more than 100x' : times < 1.5 ? `${times.toFixed(6)}x` : `${times.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** Whether a path of `.name` and `['name']` steps goes down fields that the schema has. */
function namesField(schema: V1JSONSchemaProps, fieldPath: string): boolean {
  const steps = [...fieldPath.matchAll(/\.([A-Za-z_][A-Za-z0-9_-]*)|\['((?:[^'\\]|\\.)+)'\]/gy)];
  if (steps.length === 0 || steps.map(([text]) => text).join('') !== fieldPath) return false;
  let at: V1JSONSchemaProps | undefined = schema;
  for (const [, plain, quoted] of steps) {
    const name = plain ?? quoted ?? '';
    // A map's schema says what any of its keys holds.
    const next: V1JSONSchemaProps | undefined = getOwn(at?.properties, name) ?? mapValues(at);
    if (!next) return false;
    at = next;
  }
  return true;
}

function mapValues(schema: V1JSONSchemaProps | undefined): V1JSONSchemaProps | undefined {
  const values: unknown = schema?.additionalProperties;
  // The model types it as any object; there it is a schema or a boolean.
  return typeof values === 'object' && values !== null ? values : undefined;
}
