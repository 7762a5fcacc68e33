// The amounts of a LimitRange's item, which stand in an order: least, default request, default limit, most.

import type { V1LimitRangeItem } from '../../../../generated/kubernetes.ts';
import { errorsOf, type FieldError, invalidValue } from '../../../machinery/field-error.ts';
import { getOwn } from '../../../machinery/own.ts';
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';
import { overcommits } from '../pod/validate-resources.ts';

export const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;
const one = parseQuantity('1');

export function validateAmounts(item: V1LimitRangeItem, path: string): FieldError[] {
  const names = new Set(lists.flatMap((list) => Object.keys(item[list] ?? {})));
  return errorsOf(names, (name) => validateResource(item, name, path));
}

function validateResource(item: V1LimitRangeItem, name: string, path: string): FieldError[] {
  // Those of a pod as a whole have no defaults.
  const defaults = item.type === 'Pod' ? undefined : item;
  const [min, max] = [getOwn(item.min, name), getOwn(item.max, name)];
  const [limit, request] = [getOwn(defaults?.default, name), getOwn(defaults?.defaultRequest, name)];
  const ratio = getOwn(item.maxLimitRequestRatio, name);
  const errors: FieldError[] = [];
  /** `at`, `shown`: the list and the value that Kubernetes tells of. */
  const ordered = (
    low: string | undefined,
    high: string | undefined,
    at: (typeof lists)[number],
    shown: string | undefined,
    says: string,
  ) => {
    if (low !== undefined && high !== undefined && compare(low, high) > 0)
      errors.push(invalidValue(`${path}.${at}[${name}]`, shown, says));
  };
  ordered(min, max, 'min', min, `min value ${min} is greater than max value ${max}`);
  ordered(min, request, 'defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
  ordered(request, max, 'defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
  ordered(
    request,
    limit,
    'defaultRequest',
    request,
    `default request value ${request} is greater than default limit value ${limit}`,
  );
  ordered(min, limit, 'default', min, `min value ${min} is greater than default value ${limit}`);
  ordered(limit, max, 'default', max, `default value ${limit} is greater than max value ${max}`);
  if (ratio !== undefined) errors.push(...validateRatio(ratio, min, max, `${path}.maxLimitRequestRatio[${name}]`));
  if (!overcommits(name) && limit !== undefined && request !== undefined && compare(limit, request) !== 0)
    errors.push(
      invalidValue(
        `${path}.defaultRequest[${name}]`,
        request,
        `default value ${limit} must equal to defaultRequest value ${request} in ${name}`,
      ),
    );
  return errors;
}

function validateRatio(ratio: string, min: string | undefined, max: string | undefined, path: string): FieldError[] {
  const { nanos } = parseQuantity(ratio);
  const errors = nanos < one.nanos ? [invalidValue(path, ratio, `ratio ${ratio} is less than 1`)] : [];
  if (min === undefined || max === undefined) return errors;
  const most = Number(parseQuantity(max).nanos) / Number(parseQuantity(min).nanos);
  if (Number(nanos) / Number(one.nanos) > most)
    errors.push(invalidValue(path, ratio, `ratio ${ratio} is greater than max/min = ${most.toFixed(6)}`));
  return errors;
}

function compare(a: string, b: string): number {
  return compareQuantities(parseQuantity(a), parseQuantity(b));
}
