// IPAddresses.

import type { V1IPAddress } from '../../../../generated/kubernetes.ts';
import { canonicalAddress } from '../../../machinery/cidr.ts';
import { required } from '../../../machinery/field-error.ts';
import { dns1123Subdomain, pathSegmentName } from '../../../machinery/names.ts';
import { named } from '../../metadata/name-rule.ts';
import { immutable } from '../../metadata/validate.ts';
import { addressFault } from '../../rules/addresses.ts';
import { optionalField, requiredField } from '../../rules/field-rule.ts';
import { strategyFor } from '../../strategy.ts';

export const strategy = strategyFor<V1IPAddress>({
  generation: true,
  validateName: named((name) => {
    const fault = addressFault(name);
    if (fault !== undefined) return [fault];
    const canonical = canonicalAddress(name);
    return canonical === name ? [] : [`must be in canonical form (${JSON.stringify(canonical)})`];
  }),
  validate({ spec }) {
    const path = 'spec.parentRef';
    if (!spec?.parentRef) return [required(path)];
    const { group, resource, namespace, name } = spec.parentRef;
    return [
      ...optionalField(group, dns1123Subdomain, `${path}.group`),
      ...requiredField(resource, pathSegmentName, `${path}.resource`),
      ...requiredField(name, pathSegmentName, `${path}.name`),
      ...optionalField(namespace, pathSegmentName, `${path}.namespace`),
    ];
  },
  validateUpdate: (object, old) => immutable(object.spec?.parentRef, old.spec?.parentRef, 'spec.parentRef'),
});
