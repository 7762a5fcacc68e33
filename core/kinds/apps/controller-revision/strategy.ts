// ControllerRevisions.

import type { V1ControllerRevision } from '../../../../generated/kubernetes.ts';
import { required } from '../../../machinery/field-error.ts';
import { immutable } from '../../metadata/validate.ts';
import { nonNegative } from '../../rules/non-negative.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1ControllerRevision>({
  validate({ data, revision }) {
    const errors = data === undefined || data === null ? [required('data', 'data is mandatory')] : [];
    return [...errors, ...nonNegative(revision, 'revision')];
  },
  validateUpdate: (object, old) => immutable(object.data, old.data, 'data'),
});
