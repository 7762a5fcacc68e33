// The spec of a claim, by itself, as a template of a StatefulSet, and as that of a pod's ephemeral volume.

import type { V1PersistentVolumeClaimSpec } from '../../../generated/kubernetes.ts';
import { type FieldError, required } from '../../machinery/field-error.ts';
import { validateLabelSelector } from '../../machinery/labels.ts';
import { dns1123Subdomain } from '../../machinery/names.ts';
import { validateSources } from './claim-sources.ts';
import { optionalField } from './field-rule.ts';
import { validateAccessModes, validateSize } from './volume-capacity.ts';

export function validateClaimSpec(spec: V1PersistentVolumeClaimSpec, path: string): FieldError[] {
  const size = spec.resources?.requests?.['storage'];
  const at = `${path}.resources[storage]`;
  return [
    ...validateAccessModes(spec.accessModes, `${path}.accessModes`, 'at least 1 access mode is required'),
    ...validateLabelSelector(spec.selector, `${path}.selector`),
    ...(size === undefined ? [required(at)] : validateSize(size, at)),
    ...optionalField(spec.storageClassName, dns1123Subdomain, `${path}.storageClassName`),
    ...validateSources(spec, path),
    ...optionalField(spec.volumeAttributesClassName, dns1123Subdomain, `${path}.volumeAttributesClassName`),
  ];
}
