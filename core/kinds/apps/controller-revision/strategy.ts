// ControllerRevisions.

import type { V1ControllerRevision } from '../../../../generated/kubernetes.ts';
import { type FieldError, required } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1ControllerRevision>({
  validate({ data, revision }, old) {
    const errors: FieldError[] = [];
    if (data === undefined || data === null) errors.push(required('data', 'data is mandatory'));
    else if (!old && (typeof data !== 'object' || Array.isArray(data)))
      errors.push(required('data', 'data must be a valid JSON object'));
    return [...errors, ...nonNegative(revision, 'revision')];
  },
  validateUpdate: (object, old) => immutable(object.data, old.data, 'data'),
});
