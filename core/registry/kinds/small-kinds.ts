// Kinds whose rules are a few lines: pod templates, storage classes, quotas, limit ranges, runtime classes.

import type {
  V1LimitRange,
  V1PodTemplate,
  V1ResourceQuota,
  V1RuntimeClass,
  V1StorageClass,
} from '../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../machinery/field-error.ts';
import { dns1123Label } from '../../machinery/names.ts';
import { compareQuantities, parseQuantity, quantityError } from '../../machinery/quantity.ts';
import { immutable } from '../metadata/validate.ts';
import { semanticEqual } from '../semantic-equal.ts';
import { strategy } from '../strategy.ts';
import { validateAmount } from './pod/validate-resources.ts';
import { defaultTemplate, validateTemplate } from './pod-template.ts';

export const podTemplate = strategy<V1PodTemplate>({
  generation: true,
  defaults: ({ template }) => defaultTemplate(template),
  validate: ({ template }) => validateTemplate(template, 'template'),
});

export const storageClass = strategy<V1StorageClass>({
  validate({ provisioner }) {
    return provisioner ? [] : [required('provisioner')];
  },
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (!semanticEqual(object.parameters, old.parameters))
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
    if (object.provisioner !== old.provisioner)
      errors.push(forbiddenField('provisioner', 'updates to provisioner are forbidden.'));
    if (object.reclaimPolicy !== old.reclaimPolicy)
      errors.push(forbiddenField('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
    return [...errors, ...immutable(object.volumeBindingMode, old.volumeBindingMode, 'volumeBindingMode')];
  },
});

export const resourceQuota = strategy<V1ResourceQuota>({
  validate: ({ spec }) =>
    Object.entries(spec?.hard ?? {}).flatMap(([name, value]) => validateAmount(value, `spec.hard[${name}]`)),
  validateUpdate(object, old) {
    const sorted = (quota: V1ResourceQuota) => [...(quota.spec?.scopes ?? [])].sort();
    return semanticEqual(sorted(object), sorted(old))
      ? []
      : [invalidValue('spec.scopes', object.spec?.scopes ?? null, 'field is immutable')];
  },
});

export const limitRange = strategy<V1LimitRange>({
  createOnUpdate: true,
  defaults({ spec }) {
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container') continue;
      // A limit without a default is its own; a request without one is the limit's, or the least.
      for (const [name, value] of Object.entries(item.max ?? {})) item.default = { [name]: value, ...item.default };
      for (const [name, value] of Object.entries(item.min ?? {})) {
        if (item.default?.[name] === undefined) item.defaultRequest = { [name]: value, ...item.defaultRequest };
      }
      for (const [name, value] of Object.entries(item.default ?? {}))
        item.defaultRequest = { [name]: value, ...item.defaultRequest };
    }
  },
  validate({ spec }) {
    return (spec?.limits ?? []).flatMap((item, index) => {
      const path = `spec.limits[${index}]`;
      const errors: FieldError[] = item.type ? [] : [required(`${path}.type`)];
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
            const other = item[high]?.[name];
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

export const runtimeClass = strategy<V1RuntimeClass>({
  conditionalUpdate: true,
  validate: ({ handler }) =>
    dns1123Label(handler ?? '').map((message) => invalidValue('handler', handler ?? '', message)),
  validateUpdate: (object, old) => immutable(object.handler, old.handler, 'handler'),
});
