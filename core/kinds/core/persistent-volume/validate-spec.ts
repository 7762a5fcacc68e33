// The spec of a volume, by itself and within a VolumeAttachment, where less may be said.

import { posix } from 'node:path';
import type { V1PersistentVolumeSpec, V1VolumeNodeAffinity } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, required } from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { validateAccessModes, validateCapacity } from '../../rules/volume-capacity.ts';
import { withoutNul } from '../pod/file-path.ts';
import { validateNodeTerms } from '../pod/validate-scheduling.ts';
import { persistentSources, validateSources } from '../pod/volumes/validate.ts';

export function validateVolumeSpec(spec: V1PersistentVolumeSpec, name: string, path: string): FieldError[] {
  const errors = [
    ...validateAccessModes(spec.accessModes, `${path}.accessModes`),
    ...validateCapacity(spec.capacity, `${path}.capacity`),
    ...validateContent(spec, name, path),
  ];
  errors.push(...optionalField(spec.storageClassName, dns1123Subdomain, `${path}.storageClassName`));
  if (spec.nodeAffinity) errors.push(...validateVolumeNodes(spec.nodeAffinity, `${path}.nodeAffinity`));
  if (spec.hostPath && isRoot(spec.hostPath.path) && spec.persistentVolumeReclaimPolicy === 'Recycle')
    errors.push(
      forbiddenField(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"),
    );
  if (spec.local && !spec.nodeAffinity)
    errors.push(required(`${path}.nodeAffinity`, 'Local volume requires node affinity'));
  return [...errors, ...validateAttributes(spec, path)];
}

/** However it is written. */
function isRoot(file: string): boolean {
  return posix.resolve('/', file) === '/' && file.startsWith('/');
}

/** Only drivers know of such classes. */
function validateAttributes(
  { volumeAttributesClassName: name, csi }: V1PersistentVolumeSpec,
  path: string,
): FieldError[] {
  if (name === undefined) return [];
  const at = `${path}.volumeAttributesClassName`;
  return [
    ...(name === '' ? [required(at, 'an empty string is disallowed')] : optionalField(name, dns1123Subdomain, at)),
    ...(csi ? [] : [required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName')]),
  ];
}

/** Of a volume that no object stands for: what a CSI driver attaches, and nothing of claims to it. */
export function validateInlineSpec(spec: V1PersistentVolumeSpec, path: string): FieldError[] {
  const here = 'in the context of inline volumes';
  const none = (field: 'claimRef' | 'nodeAffinity' | 'storageClassName' | 'volumeAttributesClassName') =>
    spec[field] ? [forbiddenField(`${path}.${field}`, `may not be specified ${here}`)] : [];
  const errors = none('claimRef');
  if (Object.keys(spec.capacity ?? {}).length > 0)
    errors.push(forbiddenField(`${path}.capacity`, `may not be specified ${here}`));
  if (!spec.csi) errors.push(required(`${path}.csi`, `has to be specified ${here}`));
  errors.push(...validateAccessModes(spec.accessModes, `${path}.accessModes`));
  if (spec.persistentVolumeReclaimPolicy && spec.persistentVolumeReclaimPolicy !== 'Retain')
    errors.push(forbiddenField(`${path}.persistentVolumeReclaimPolicy`, `may only be Retain ${here}`));
  errors.push(...none('nodeAffinity'), ...validateContent(spec, '', path), ...none('storageClassName'));
  if (spec.volumeMode && spec.volumeMode !== 'Filesystem')
    errors.push(forbiddenField(`${path}.volumeMode`, `may not specify volumeMode other than Filesystem ${here}`));
  return [...errors, ...none('volumeAttributesClassName')];
}

function validateContent(spec: V1PersistentVolumeSpec, name: string, path: string): FieldError[] {
  return [...withoutNul(spec, path), ...validateSources(persistentSources(spec), name, path, 'persistent')];
}

function validateVolumeNodes({ required: nodes }: V1VolumeNodeAffinity, path: string): FieldError[] {
  if (!nodes) return [required(`${path}.required`, 'must specify required node constraints')];
  return validateNodeTerms(nodes.nodeSelectorTerms, `${path}.required.nodeSelectorTerms`);
}
