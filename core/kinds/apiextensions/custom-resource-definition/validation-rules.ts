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
import type { CompiledRules } from './compiled-rules.ts';
import { shownRule } from './shown.ts';

export interface RulePlace {
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

/** What a rule says beside its expressions. */
export function checkRuleTexts(schema: V1JSONSchemaProps, path: string, errors: FieldError[]): void {
  for (const [index, rule] of (schema['x-kubernetes-validations'] ?? []).entries()) {
    const at = `${path}.x-kubernetes-validations[${index}]`;
    const { message = '', messageExpression = '', reason, fieldPath = '' } = rule;
    const said = rule.rule?.trim() ?? '';
    if (said === '') errors.push(required(`${at}.rule`, 'rule is not specified'));
    else if (message !== '' && message.trim() === '')
      errors.push(invalidValue(`${at}.message`, message, 'message must be non-empty if specified'));
    else if (hasLines(message.trim()))
      errors.push(invalidValue(`${at}.message`, message, 'message must not contain line breaks'));
    else if (hasLines(said) && message.trim() === '')
      errors.push(required(`${at}.message`, 'message must be specified if rule contains line breaks'));
    if (messageExpression !== '' && messageExpression.trim() === '')
      errors.push(required(`${at}.messageExpression`, 'messageExpression must be non-empty if specified'));
    if (reason && !reasons.includes(reason)) errors.push(notSupported(`${at}.reason`, reason, reasons));
    const wrongPath = (why: string) => invalidValue(`${at}.fieldPath`, fieldPath, why);
    if (fieldPath !== '' && fieldPath.trim() === '') errors.push(wrongPath('fieldPath must be non-empty if specified'));
    if (hasLines(fieldPath)) errors.push(wrongPath('fieldPath must not contain line breaks'));
    if (fieldPath !== '' && !namesField(schema, fieldPath)) errors.push(wrongPath('fieldPath must be a valid path'));
  }
}

function hasLines(text: string): boolean {
  return /[\n\r]/.test(text);
}

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
  const at = `${path}.x-kubernetes-validations`;
  const own = place.rules.environment(schema, root);
  if (own) for (const [index, rule] of rules.entries()) checkRule(rule, `${at}[${index}]`, own, place, errors);
  else
    errors.push({
      type: 'InternalError',
      field: at,
      message: `Internal error: internal error: failed to retrieve type information for x-kubernetes-validations`,
    });
}

function checkRule(
  rule: V1ValidationRule,
  path: string,
  own: RuleEnvironment,
  place: RulePlace,
  errors: FieldError[],
): void {
  const [condition, message] = place.rules.rule(rule, own);
  // Kubernetes shows the whole rule.
  const wrong = (field: string, why: string) => errors.push(invalidValue(`${path}.${field}`, shownRule(rule), why));
  const { compiled } = condition;
  if (!compiled.ok) {
    wrong('rule', `compilation failed: ${compiled.error.message}`);
    return;
  }
  const { cardinality } = place;
  checkCost(condition.cost * (cardinality ?? own.mostInRequest), 'estimated rule cost', `${path}.rule`, place, errors);
  if (compiled.value.type !== 'bool') {
    wrong('rule', 'cel expression must evaluate to a bool');
    return;
  }
  if (message && !message.compiled.ok)
    wrong('messageExpression', `messageExpression compilation failed: ${message.compiled.error.message}`);
  else if (message?.compiled.ok && message.compiled.value.type !== 'string')
    wrong('messageExpression', 'messageExpression must evaluate to a string');
  else if (message)
    checkCost(message.cost, 'estimated messageExpression cost', `${path}.messageExpression`, place, errors);
  const reads = compiled.value.names.has('oldSelf');
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
}

/** An expression's cost, a rule's as often as it may run on one object, against what one expression may take. */
function checkCost(cost: number, what: string, path: string, { costs }: RulePlace, errors: FieldError[]): void {
  costs.push({ path, cost });
  if (cost > celLimits.estimate) errors.push(forbiddenField(path, costText(what, cost, celLimits.estimate)));
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
