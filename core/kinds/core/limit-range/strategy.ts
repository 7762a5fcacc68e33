// LimitRanges.

import type { V1LimitRange, V1LimitRangeItem } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { strategyFor } from '../../strategy.ts';
import { validateContainerResourceName, validateResourceName } from '../pod/validate-resources.ts';
import { validateAmounts } from './validate-amounts.ts';

export const strategy = strategyFor<V1LimitRange>({
  createOnUpdate: true,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container') continue;
      // A limit without a default is its own; a request without one is the limit's, or the least.
      for (const [name, value] of Object.entries(item.max ?? {})) item.default = { [name]: value, ...item.default };
      for (const [name, value] of Object.entries(item.min ?? {})) {
        if (getOwn(item.default, name) === undefined) item.defaultRequest = { [name]: value, ...item.defaultRequest };
      }
      for (const [name, value] of Object.entries(item.default ?? {}))
        item.defaultRequest = { [name]: value, ...item.defaultRequest };
    }
  },
  validate({ spec }) {
    const types = new Set<string>();
    return (spec?.limits ?? []).flatMap((item, index) => {
      const path = `spec.limits[${index}]`;
      const type = item.type ?? '';
      const errors = validateType(type, `${path}.type`);
      if (types.has(type)) errors.push(duplicate(`${path}.type`, type));
      types.add(type);
      return [...errors, ...validateNames(item, path), ...validateAmounts(item, path)];
    });
  },
});

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
    Object.keys(item[list] ?? {}).flatMap((name) => validateName(name, `${path}.${list}[${name}]`));
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
