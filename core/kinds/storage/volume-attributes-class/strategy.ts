// VolumeAttributesClasses.

import type { V1VolumeAttributesClass } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, required } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';
import { provisionerName, validateParameters } from '../parameters.ts';

export const strategy = strategyFor<V1VolumeAttributesClass>({
  validate: ({ driverName: driver, parameters = {} }) => [
    ...requiredField(driver, provisionerName, 'driverName'),
    ...validateParameters(parameters, 'parameters'),
    ...(Object.keys(parameters).length === 0
      ? [required('parameters', 'must contain at least one key/value pair')]
      : []),
  ],
  validateUpdate(object, old) {
    const errors: FieldError[] = [];
    if (object.driverName !== old.driverName)
      errors.push(forbiddenField('driverName', 'updates to driverName are forbidden.'));
    if (!semanticEqual(object.parameters, old.parameters))
      errors.push(forbiddenField('parameters', 'updates to parameters are forbidden.'));
    return errors;
  },
});
