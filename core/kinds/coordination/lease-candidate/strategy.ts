// LeaseCandidates.

import type { V1alpha2LeaseCandidate } from '../../../../generated/kubernetes.ts';
import { type FieldError, invalidValue, required } from '../../../machinery/field-error.ts';
import { configMapKey } from '../../../machinery/names.ts';
import { named } from '../../metadata/name-rule.ts';
import { immutable } from '../../metadata/validate.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1alpha2LeaseCandidate>({
  createOnUpdate: true,
  validateName: named(configMapKey),
  validate({ spec }) {
    const errors: FieldError[] = [];
    if (!spec?.leaseName) errors.push(required('spec.leaseName'));
    if (!spec?.strategy) errors.push(required('spec.strategy'));
    if (!spec?.binaryVersion) errors.push(required('spec.binaryVersion'));
    else errors.push(...version(spec.binaryVersion, 'spec.binaryVersion'));
    if (spec?.emulationVersion) errors.push(...version(spec.emulationVersion, 'spec.emulationVersion'));
    return errors;
  },
  validateUpdate: (object, old) => immutable(object.spec?.leaseName, old.spec?.leaseName, 'spec.leaseName'),
});

const semantic = /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

function version(value: string, path: string): FieldError[] {
  return semantic.test(value) ? [] : [invalidValue(path, value, 'must be a valid semantic version')];
}
