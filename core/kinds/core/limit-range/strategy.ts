// LimitRanges.

import type { V1LimitRange, V1LimitRangeItem } from '../../../../generated/kubernetes.ts';
import {
  duplicate,
  errorsOf,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { strategyFor } from '../../strategy.ts';
import {
  hasTooManyResources,
  tooManyResources,
  validateContainerResourceName,
  validateResourceName,
} from '../pod/validate-resources.ts';
import { lists, validateAmounts } from './validate-amounts.ts';

export const strategy = strategyFor<V1LimitRange>({
  createOnUpdate: true,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container' || lists.some((list) => hasTooManyResources(item[list]))) continue;
      // A limit without a default is its own; a request without one is the limit's, or the least.
      fillIn(item, 'default', Object.entries(item.max ?? {}));
      const least = Object.entries(item.min ?? {}).filter(([name]) => getOwn(item.default, name) === undefined);
      fillIn(item, 'defaultRequest', least);
      fillIn(item, 'defaultRequest', Object.entries(item.default ?? {}));
    }
  },
  validate({ spec }) {
    const types = new Set<string>();
    return (spec?.limits ?? []).flatMap((item, index) => {
      const path = `spec.limits[${index}]`;
      const type = item.type ?? '';
      const many = tooManyResources(lists.map((list) => [`${path}.${list}`, item[list]]));
      if (many.length > 0) return many;
      const errors = validateType(type, `${path}.type`);
      if (types.has(type)) errors.push(duplicate(`${path}.type`, type));
      types.add(type);
      return [...errors, ...validateNames(item, path), ...validateAmounts(item, path)];
    });
  },
});

/** Once for all names: to make the list anew for each held the API server for minutes. */
function fillIn(
  item: V1LimitRangeItem,
  list: 'default' | 'defaultRequest',
  amounts: readonly (readonly [name: string, amount: string])[],
): void {
  if (amounts.length > 0) item[list] = { ...Object.fromEntries(amounts.toReversed()), ...item[list] };
}

const limitTypes = ['Container', 'PersistentVolumeClaim', 'Pod'];

/** Others may have types of their own, under their domain. */
function validateType(type: string, path: string): FieldError[] {
  const errors = qualifiedNameErrors(type).map((message) => invalidValue(path, type, message));
  if (errors.length === 0 && !type.includes('/') && !limitTypes.includes(type))
    errors.push(invalidValue(path, type, 'must be a standard limit type or fully qualified'));
  return errors;
}

function validateNames(item: V1LimitRangeItem, path: string): FieldError[] {
  const { type } = item;
  const validateName = type === 'Pod' || type === 'Container' ? validateContainerResourceName : validateResourceName;
  const names = (list: 'min' | 'max' | 'default' | 'defaultRequest' | 'maxLimitRequestRatio') =>
    errorsOf(Object.keys(item[list] ?? {}), (name) => validateName(name, `${path}.${list}[${name}]`));
  const errors = [...names('max'), ...names('min')];
  for (const list of ['default', 'defaultRequest'] as const) {
    if (type !== 'Pod') errors.push(...names(list));
    else if (Object.keys(item[list] ?? {}).length > 0)
      errors.push(forbiddenField(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
  }
  if (type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    errors.push(
      required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'),
    );
  return [...errors, ...names('maxLimitRequestRatio')];
}
