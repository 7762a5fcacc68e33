// LimitRanges.

import type { V1LimitRange, V1LimitRangeItem } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { getOwn } from '../../../machinery/own.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../../machinery/quantity.ts';
import { strategyFor } from '../../strategy.ts';

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
      const errors = validateLimitType(item, path);
      if (types.has(item.type)) errors.push(duplicate(`${path}.type`, item.type));
      types.add(item.type);
      const lists = ['min', 'defaultRequest', 'default', 'max'] as const;
      for (const list of lists) {
        for (const [name, value] of Object.entries(item[list] ?? {})) {
          const wrong = quantityError(value);
          if (wrong) errors.push(invalidValue(`${path}.${list}[${name}]`, value, wrong));
        }
      }
      if (errors.length > 0) return errors;
      // Each must be no more than those after it.
      for (const [at, low] of lists.entries()) {
        for (const high of lists.slice(at + 1)) {
          for (const [name, value] of Object.entries(item[low] ?? {})) {
            const other = getOwn(item[high], name);
            if (other === undefined || compareQuantities(parseQuantity(value), parseQuantity(other)) <= 0) continue;
            errors.push(
              invalidValue(
                `${path}.${low}[${name}]`,
                value,
                `${low} value ${value} is greater than ${high} value ${other}`,
              ),
            );
          }
        }
      }
      return errors;
    });
  },
});

const limitTypes = ['Container', 'PersistentVolumeClaim', 'Pod'];

function validateLimitType(item: V1LimitRangeItem, path: string): FieldError[] {
  const { type } = item;
  if (!type) return [required(`${path}.type`)];
  // Others may have types of their own, under their domain.
  const errors = qualifiedNameErrors(type).map((message) => invalidValue(`${path}.type`, type, message));
  if (!type.includes('/') && !limitTypes.includes(type))
    errors.push(invalidValue(`${path}.type`, type, 'must be a standard limit type or fully qualified'));
  if (type === 'Pod')
    for (const list of ['default', 'defaultRequest'] as const)
      if (Object.keys(item[list] ?? {}).length > 0)
        errors.push(forbiddenField(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
  if (type === 'PersistentVolumeClaim' && !item.min?.['storage'] && !item.max?.['storage'])
    errors.push(
      required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'),
    );
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const at = `${path}.maxLimitRequestRatio[${name}]`;
    const wrong = quantityError(ratio);
    if (wrong) errors.push(invalidValue(at, ratio, wrong));
    else if (compareQuantities(parseQuantity(ratio), parseQuantity('1')) < 0)
      errors.push(invalidValue(at, ratio, `ratio ${ratio} is less than 1`));
  }
  return errors;
}
