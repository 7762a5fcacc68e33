// Label selectors in both of their forms: the query string (`a=b,c in (x,y),!d`) and metav1.LabelSelector.

import { errorsOf, type FieldError, forbiddenField, invalidValue, required } from './field-error.ts';
import { type LabelOperator, type LabelRequirement, parseSelectorText } from './label-syntax.ts';
import { holds, isAmong, isLargeSelector, narrow, type Rule, ruleOf } from './large-selector.ts';
import { labelValueErrors, qualifiedNameErrors } from './names.ts';
import { getOwn } from './own.ts';

/** All requirements must hold, sorted by key. No requirement: everything matches. */
export type LabelSelector = readonly LabelRequirement[];

export type Labels = Readonly<Record<string, string>>;

/** metav1.LabelSelector as JSON. */
export interface LabelSelectorJson {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelExpressionJson[];
}

export interface LabelExpressionJson {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** Parses a query string selector. Fails with BadRequest. */
export function parseLabelSelector(text: string): LabelSelector {
  return sorted(parseSelectorText(text));
}

/**
 * The selector that a metav1.LabelSelector means: an absent one selects nothing (undefined), an empty one everything.
 * Expressions must be valid (`validateLabelSelector`); one with an unknown operator selects nothing.
 */
export function labelSelectorOf(json: LabelSelectorJson | undefined | null): LabelSelector | undefined {
  if (!json) return undefined;
  const requirements: LabelRequirement[] = labelSelectorOfSet(json.matchLabels).slice();
  for (const { key, operator, values } of json.matchExpressions ?? []) {
    const known = operators.get(operator);
    if (!known) return undefined;
    requirements.push({ key, operator: known, values: distinct(values ?? []) });
  }
  return sorted(requirements);
}

/** The selector of a plain map, as Services and ReplicationControllers have it: all of the labels must be equal. */
export function labelSelectorOfSet(labels: Labels | undefined | null): LabelSelector {
  return sorted(Object.entries(labels ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] })));
}

/** Whether labels match. An undefined selector matches nothing. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels | undefined | null): boolean {
  if (!selector) return false;
  if (isLargeSelector(selector)) return matchesMany(indexOf(selector), labels ?? noLabels);
  for (const requirement of selector) if (!matches(requirement, labels ?? noLabels)) return false;
  return true;
}

/** The selector as a query string, the same for the same requirements: what `scale.status.selector` shows, and a cache key. */
export function labelSelectorString(selector: LabelSelector): string {
  return selector.map(requirementString).join(',');
}

/** What is wrong with a metav1.LabelSelector at `path`. */
export function validateLabelSelector(json: LabelSelectorJson | undefined | null, path: string): FieldError[] {
  if (!json) return [];
  const errors = validateLabels(json.matchLabels, `${path}.matchLabels`);
  json.matchExpressions?.forEach((expression, index) => {
    errors.push(...validateLabelExpression(expression, `${path}.matchExpressions[${index}]`));
  });
  return errors;
}

/** What is wrong with a map of labels at `path`. */
export function validateLabels(labels: Labels | undefined | null, path: string): FieldError[] {
  return errorsOf(Object.entries(labels ?? {}), ([key, value]) => [
    ...validateLabelKey(key, path),
    ...labelValueErrors(value).map((message) => invalidValue(path, value, message)),
  ]);
}

export function validateLabelKey(key: string | undefined, path: string): FieldError[] {
  return qualifiedNameErrors(key).map((message) => invalidValue(path, key ?? '', message));
}

const noLabels: Labels = {};

const operators: ReadonlyMap<string, LabelOperator> = new Map([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
]);

/** As validateLabelSelector, of one expression. */
export function validateLabelExpression(expression: LabelExpressionJson, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const values = expression.values ?? [];
  switch (expression.operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) {
        errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
      break;
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) {
        errors.push(
          forbiddenField(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      }
      break;
    default:
      errors.push(invalidValue(`${path}.operator`, expression.operator, 'not a valid selector operator'));
  }
  errors.push(...validateLabelKey(expression.key, `${path}.key`));
  values.forEach((value, index) => {
    for (const message of labelValueErrors(value))
      errors.push(invalidValue(`${path}.values[${index}]`, value, message));
  });
  return errors;
}

interface Indexed {
  readonly rules: ReadonlyMap<string, Rule>;
  /** Keys that must be there. */
  readonly needed: readonly string[];
}

/** Made once a selector. */
const indexes = new WeakMap<LabelSelector, Indexed>();

function indexOf(selector: LabelSelector): Indexed {
  const known = indexes.get(selector);
  if (known) return known;
  const rules = new Map<string, Rule>();
  for (const requirement of selector) addTo(ruleOf(rules, requirement.key), requirement);
  const needed = [...rules].filter(([, { present }]) => present).map(([key]) => key);
  const index = { rules, needed };
  indexes.set(selector, index);
  return index;
}

function addTo(rule: Rule, requirement: LabelRequirement): void {
  const { key, operator, values } = requirement;
  switch (operator) {
    case '=':
    case 'in':
      narrow(rule, values);
      return;
    case '!=':
    case 'notin':
      for (const value of values) rule.denied.add(value);
      return;
    case 'exists':
      rule.present = true;
      return;
    case '!':
      rule.absent = true;
      return;
    case 'gt':
    case 'lt':
      rule.present = true;
      rule.conditions.set(`${operator}${values[0]}`, (value) => matches(requirement, { [key]: value }));
  }
}

/** What must be there is missed after as many looks as there are labels; of the rest only what is there counts. */
function matchesMany({ rules, needed }: Indexed, labels: Labels): boolean {
  for (const key of needed) if (getOwn(labels, key) === undefined) return false;
  for (const [key, value] of Object.entries(labels)) {
    const rule = rules.get(key);
    if (rule && !holds(rule, value)) return false;
  }
  return true;
}

function matches({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = getOwn(labels, key);
  switch (operator) {
    case '=':
    case 'in':
      return value !== undefined && isAmong(values, value);
    case '!=':
    case 'notin':
      return value === undefined || !isAmong(values, value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt': {
      if (value === undefined || !/^[+-]?\d+$/.test(value)) return false;
      const left = BigInt(value.replace('+', ''));
      const right = BigInt(values[0]!.replace('+', ''));
      return operator === 'gt' ? left > right : left < right;
    }
  }
}

function requirementString({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    case 'gt':
      return `${key}>${values[0]}`;
    case 'lt':
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

function sorted(requirements: readonly LabelRequirement[]): LabelSelector {
  if (requirements.length < 2) return requirements;
  const keyed = requirements.map((each) => ({ each, text: requirementString(each) }));
  keyed.sort((a, b) => compare(a.each.key, b.each.key) || compare(a.text, b.text));
  return keyed.map(({ each }) => each);
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
