// The spec of a claim, by itself and as a template of a StatefulSet.

import type { V1PersistentVolumeClaimSpec } from '../../../../generated/kubernetes.ts';
import type { FieldError } from '../../../machinery/field-error.ts';
import { validateLabelSelector } from '../../../machinery/labels.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { validateAccessModes, validateStorage } from '../persistent-volume/capacity.ts';
import { validateSources } from './data-source.ts';

export function validateClaimSpec(spec: V1PersistentVolumeClaimSpec, path: string): FieldError[] {
  return [
    ...validateAccessModes(spec.accessModes, `${path}.accessModes`),
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...optionalField(spec.storageClassName, dns1123Subdomain, `${path}.storageClassName`),
    ...validateSources(spec, path),
    ...validateStorage(
      spec.resources?.requests?.['storage'],
      `${path}.resources.requests[storage]`,
      `${path}.resources[storage]`,
    ),
  ];
}
