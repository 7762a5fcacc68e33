// CSIStorageCapacities.

import type { V1CSIStorageCapacity } from '../../../../generated/kubernetes.ts';
import { invalidValue } from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { validateAmount } from '../../core/pod/validate-resources.ts';
import { immutable } from '../../metadata/validate.ts';
import { warnOfNodeSelector } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1CSIStorageCapacity>({
  validate({ nodeTopology, storageClassName = '', capacity }) {
    const errors = validateLabelSelector(nodeTopology, 'nodeTopology');
    for (const message of dns1123Subdomain(storageClassName))
      errors.push(invalidValue('storageClassName', storageClassName, message));
    if (capacity !== undefined) errors.push(...validateAmount(capacity, 'capacity'));
    return errors;
  },
  warnings: ({ nodeTopology }) => warnOfNodeSelector(nodeTopology, 'nodeTopology'),
  validateUpdate: (object, old) => [
    ...immutable(object.nodeTopology, old.nodeTopology, 'nodeTopology'),
    ...immutable(object.storageClassName, old.storageClassName, 'storageClassName'),
  ],
});
