// When a Job has failed or succeeded beside counting pods. Source: KEP-3329 (podFailurePolicy), KEP-3998 (successPolicy).

import type {
  V1JobSpec,
  V1PodFailurePolicyOnExitCodesRequirement,
  V1PodFailurePolicyRule,
  V1SuccessPolicyRule,
} from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { nonNegative } from '../../rules/non-negative.ts';

const most = { rules: 20, conditions: 20, exitCodes: 255, indexes: 64 * 1024 } as const;

const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

const statuses = ['False', 'True', 'Unknown'];

export function validateFailurePolicy(spec: V1JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const errors = rules.length > most.rules ? [tooMany(`${path}.rules`, rules.length, most.rules)] : [];
  rules.forEach((rule, index) => {
    errors.push(...validateFailureRule(rule, spec, `${path}.rules[${index}]`));
  });
  return errors;
}

function validateFailureRule(rule: V1PodFailurePolicyRule, spec: V1JobSpec, path: string): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors: FieldError[] = [];
  if (!action) errors.push(required(`${path}.action`, `valid values: [${quoted(actions)}]`));
  else if (action === 'FailIndex' && spec.backoffLimitPerIndex === undefined)
    errors.push(invalidValue(`${path}.action`, action, 'requires the backoffLimitPerIndex to be set'));
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, spec, `${path}.onExitCodes`));
  const at = `${path}.onPodConditions`;
  if (onPodConditions.length > most.conditions) errors.push(tooMany(at, onPodConditions.length, most.conditions));
  onPodConditions.forEach(({ type, status }, index) => {
    for (const message of qualifiedNameErrors(type)) errors.push(invalidValue(`${at}[${index}].type`, type, message));
    if (!status) errors.push(required(`${at}[${index}].status`, `valid values: [${quoted(statuses)}]`));
    else if (!statuses.includes(status)) errors.push(notSupported(`${at}[${index}].status`, status, statuses));
  });
  const both = onExitCodes !== undefined && onPodConditions.length > 0;
  if (both) errors.push(invalidRule(path, 'specifying both OnExitCodes and OnPodConditions is not supported'));
  if (!onExitCodes && onPodConditions.length === 0)
    errors.push(invalidRule(path, 'specifying one of OnExitCodes and OnPodConditions is required'));
  return errors;
}

function invalidRule(field: string, why: string): FieldError {
  return { type: 'FieldValueInvalid', field, message: `Invalid value: ${why}` };
}

function validateExitCodes(
  { operator, values = [], containerName }: V1PodFailurePolicyOnExitCodesRequirement,
  { template }: V1JobSpec,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  if (!operator) errors.push(required(`${path}.operator`, 'valid values: ["In" "NotIn"]'));
  const containers = [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])];
  if (containerName !== undefined && !containers.some(({ name }) => name === containerName))
    errors.push(
      invalidValue(
        `${path}.containerName`,
        containerName,
        'must be one of the container or initContainer names in the pod template',
      ),
    );
  const at = `${path}.values`;
  if (values.length === 0) errors.push(invalidValue(at, values, 'at least one value is required'));
  else if (values.length > most.exitCodes) errors.push(tooMany(at, values.length, most.exitCodes));
  const seen = new Set<number>();
  values.forEach((value, index) => {
    if (operator === 'In' && value === 0)
      errors.push(invalidValue(`${at}[${index}]`, value, 'must not be 0 for the In operator'));
    if (seen.has(value)) errors.push(duplicate(`${at}[${index}]`, value));
    seen.add(value);
  });
  if (values.some((value, index) => index > 0 && values[index - 1]! > value))
    errors.push(invalidValue(at, values, 'must be ordered'));
  return errors;
}

export function validateSuccessPolicy(spec: V1JobSpec, path: string): FieldError[] {
  const rules = spec.successPolicy?.rules ?? [];
  const at = `${path}.rules`;
  if (rules.length === 0)
    return [required(at, 'at least one rules must be specified when the successPolicy is specified')];
  const errors = rules.length > most.rules ? [tooMany(at, rules.length, most.rules)] : [];
  rules.forEach((rule, index) => {
    errors.push(...validateSuccessRule(rule, Number(spec.completions ?? 0), `${at}[${index}]`));
  });
  return errors;
}

function validateSuccessRule(
  { succeededCount: count, succeededIndexes: indexes }: V1SuccessPolicyRule,
  completions: number,
  path: string,
): FieldError[] {
  if (count === undefined && indexes === undefined)
    return [required(path, 'at least one of succeededCount or succeededIndexes must be specified')];
  const errors: FieldError[] = [];
  let listed = 0;
  if (indexes !== undefined) {
    if (indexes.length > most.indexes) errors.push(tooLong(`${path}.succeededIndexes`, most.indexes));
    const read = countIndexes(indexes, completions);
    if (typeof read === 'number') listed = read;
    else
      errors.push(invalidValue(`${path}.succeededIndexes`, indexes, `error parsing succeededIndexes: ${read.wrong}`));
  }
  if (count === undefined) return errors;
  const at = `${path}.succeededCount`;
  errors.push(...nonNegative(count, at));
  if (count > completions)
    errors.push(
      invalidValue(at, count, `must be less than or equal to ${completions} (the number of specified completions)`),
    );
  if (indexes !== undefined && count > listed)
    errors.push(
      invalidValue(
        at,
        count,
        `must be less than or equal to ${listed} (the number of indexes in the specified succeededIndexes field)`,
      ),
    );
  return errors;
}

/** How many indexes `1,3-5` names, of so many completions. */
function countIndexes(text: string, completions: number): number | { readonly wrong: string } {
  if (text === '') return 0;
  let count = 0;
  let last: number | undefined;
  for (const interval of text.split(',')) {
    const limits = interval.split('-');
    if (limits.length > 2)
      return {
        wrong: `the fragment ${JSON.stringify(interval)} violates the requirement that an index interval can have at most two parts separated by '-'`,
      };
    for (const limit of limits) {
      if (!/^\+?\d{1,10}$/.test(limit))
        return { wrong: `cannot convert string to integer for index: ${JSON.stringify(limit)}` };
      if (Number(limit) >= completions) return { wrong: `too large index: ${JSON.stringify(limit)}` };
      if (last !== undefined && last >= Number(limit))
        return { wrong: `non-increasing order, previous: ${last}, current: ${Number(limit)}` };
      last = Number(limit);
    }
    const [first = '0', end = first] = limits;
    count += Number(end) - Number(first) + 1;
  }
  return count;
}

function quoted(values: readonly string[]): string {
  return values.map((each) => JSON.stringify(each)).join(' ');
}
