// StorageClasses.

import type { V1StorageClass } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { immutable } from '../../metadata/validate.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { deprecatedNodeLabel } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { provisionerName, validateParameters } from '../parameters.ts';

export const strategy = strategyFor<V1StorageClass>({
  validate: ({ provisioner, parameters }) => [
    ...requiredField(provisioner, provisionerName, 'provisioner'),
    ...validateParameters(parameters ?? {}, 'parameters'),
  ],
  warnings: ({ allowedTopologies }) =>
    (allowedTopologies ?? []).flatMap(({ matchLabelExpressions }, index) =>
      (matchLabelExpressions ?? []).flatMap(({ key }, place) => {
        const instead = deprecatedNodeLabel(key);
        const path = `allowedTopologies[${index}].matchLabelExpressions[${place}].key`;
        return instead === undefined ? [] : [`${path}: ${key} is ${instead}`];
      }),
    ),
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
