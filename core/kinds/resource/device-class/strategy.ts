// DeviceClasses.

import type { V1DeviceClass } from '../../../../generated/kubernetes.ts';
import { tooMany } from '../../../machinery/field-error.ts';
import { qualifiedNameErrors } from '../../../machinery/names.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { limits, validateOpaque, validateSelectors } from '../device-rules.ts';

export const strategy = strategyFor<V1DeviceClass>({
  expressions: true,
  generation: true,
  validate({ spec }) {
    const errors = validateSelectors(spec?.selectors, 'spec.selectors');
    const configs = spec?.config ?? [];
    if (configs.length > limits.configs) errors.push(tooMany('spec.config', configs.length, limits.configs));
    configs.forEach(({ opaque }, index) => {
      errors.push(...validateOpaque(opaque, `spec.config[${index}]`));
    });
    return [...errors, ...optionalField(spec?.extendedResourceName, qualifiedNameErrors, 'spec.extendedResourceName')];
  },
});
