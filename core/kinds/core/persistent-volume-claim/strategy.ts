// PersistentVolumeClaims.

import type { V1PersistentVolumeClaim } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, required } from '../../../machinery/field-error.ts';
import { compareQuantities, parseQuantity } from '../../../machinery/quantity.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfClaim, warnOfClassAnnotation } from '../../rules/claim-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { normalizeSources } from './data-source.ts';
import { validateClaimSpec } from './validate-spec.ts';

export const strategy = strategyFor<V1PersistentVolumeClaim>({
  prepareForCreate(object) {
    if (object.spec) normalizeSources(object.spec);
    object.status = { phase: 'Pending' };
  },
  validate: ({ spec }) => (spec ? validateClaimSpec(spec, 'spec') : [required('spec')]),
  warnings: ({ metadata, spec }) => [
    ...warnOfClassAnnotation(metadata?.annotations),
    ...(spec ? warnOfClaim(spec, 'spec') : []),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    const before = old.spec;
    const after = object.spec;
    if (!before || !after) return errors;
    const rest = (spec: typeof after) => {
      const { resources: _r, volumeAttributesClassName: _a, ...others } = spec;
      // Binding sets the volume's name once; a default class may come later (KEP-3333).
      if (!before.volumeName) delete others.volumeName;
      if (before.storageClassName === undefined) delete others.storageClassName;
      return others;
    };
    if (!semanticEqual(rest({ ...after }), rest({ ...before }))) {
      errors.push(
        forbiddenField(
          'spec',
          'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
        ),
      );
      return errors;
    }
    const size = after.resources?.requests?.['storage'];
    const was = before.resources?.requests?.['storage'];
    if (size !== was && size !== undefined && was !== undefined) {
      if (compareQuantities(parseQuantity(size), parseQuantity(was)) < 0)
        errors.push(forbiddenField('spec.resources.requests.storage', 'field can not be less than previous value'));
      else if (old.status?.phase !== 'Bound')
        errors.push(
          forbiddenField(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        );
    }
    return errors;
  },
});
