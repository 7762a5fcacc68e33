// StorageClasses.

import type { V1StorageClass, V1TopologySelectorTerm } from '../../../../generated/kubernetes.ts';
import { duplicate, type FieldError, forbiddenField, notSupported, required } from '../../../machinery/field-error.ts';
import { validateLabelKey } from '../../../machinery/labels.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { immutable } from '../../metadata/validate.ts';
import { requiredField } from '../../rules/field-rule.ts';
import { deprecatedNodeLabel } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { provisionerName, validateParameters } from '../parameters.ts';

const policies = ['Delete', 'Retain'];

export const strategy = strategyFor<V1StorageClass>({
  validate: ({ provisioner, parameters, reclaimPolicy, allowedTopologies }) => [
    ...requiredField(provisioner, provisionerName, 'provisioner'),
    ...validateParameters(parameters ?? {}, 'parameters'),
    // Volumes may be recycled; a class cannot ask for it.
    ...(reclaimPolicy && !policies.includes(reclaimPolicy)
      ? [notSupported('reclaimPolicy', reclaimPolicy, policies)]
      : []),
    ...(allowedTopologies ?? []).flatMap((term, index) => validateTopology(term, `allowedTopologies[${index}]`)),
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

function validateTopology({ matchLabelExpressions = [] }: V1TopologySelectorTerm, path: string): FieldError[] {
  const keys = new Set<string>();
  return matchLabelExpressions.flatMap(({ key, values }, index) => {
    const at = `${path}.matchLabelExpressions[${index}]`;
    const errors: FieldError[] = [];
    if (!values?.length) errors.push(required(`${at}.values`));
    const seen = new Set<string>();
    values?.forEach((value, place) => {
      if (seen.has(value)) errors.push(duplicate(`${at}.values[${place}]`, value));
      seen.add(value);
    });
    errors.push(...validateLabelKey(key ?? '', `${at}.key`));
    if (keys.has(key)) errors.push(duplicate(`${at}.key`, key));
    keys.add(key);
    return errors;
  });
}
