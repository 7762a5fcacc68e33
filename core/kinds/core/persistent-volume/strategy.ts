// PersistentVolumes.

import type { V1PersistentVolume, V1VolumeNodeAffinity } from '../../../../generated/kubernetes.ts';
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { dns1123Subdomain } from '../../../machinery/names.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfClassAnnotation } from '../../rules/claim-warnings.ts';
import { optionalField } from '../../rules/field-rule.ts';
import { warnOfNodeTerm } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { withoutNul } from '../pod/file-path.ts';
import { validateNodeTerms } from '../pod/validate-scheduling.ts';
import { persistentSources, validateSources } from '../pod/volumes/validate.ts';
import { warnOfGoneType } from '../pod/volumes/warnings.ts';
import { validateAccessModes, validateStorage } from './capacity.ts';

export const strategy = strategyFor<V1PersistentVolume>({
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate({ metadata, spec }) {
    if (!spec) return [required('spec')];
    const errors = validateAccessModes(spec.accessModes, 'spec.accessModes');
    errors.push(...validateStorage(spec.capacity?.['storage'], 'spec.capacity[storage]', 'spec.capacity'));
    errors.push(...withoutNul(spec, 'spec'));
    errors.push(...validateSources(persistentSources(spec), metadata.name ?? '', 'spec'));
    if (Object.keys(spec.capacity ?? {}).some((name) => name !== 'storage'))
      errors.push(notSupported('spec.capacity', spec.capacity, ['storage']));
    errors.push(...optionalField(spec.storageClassName, dns1123Subdomain, 'spec.storageClassName'));
    if (spec.nodeAffinity) errors.push(...validateVolumeNodes(spec.nodeAffinity, 'spec.nodeAffinity'));
    if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle')
      errors.push(
        forbiddenField('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"),
      );
    if (spec.local && !spec.nodeAffinity)
      errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
    return errors;
  },
  warnings({ metadata, spec }) {
    if (!spec) return [];
    const warnings = warnOfClassAnnotation(metadata.annotations);
    if (spec.persistentVolumeReclaimPolicy === 'Recycle')
      warnings.push(
        'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      );
    spec.nodeAffinity?.required?.nodeSelectorTerms?.forEach((term, index) => {
      warnings.push(...warnOfNodeTerm(term, `spec.nodeAffinity.required.nodeSelectorTerms[${index}]`));
    });
    return [...warnings, ...warnOfGoneType(spec, 'spec')];
  },
  validateUpdate(object, old) {
    const source = ({ spec }: V1PersistentVolume) => spec && persistentSources(spec);
    const errors: FieldError[] = [];
    if (!semanticEqual(source(object), source(old)))
      errors.push(
        forbiddenField('spec.persistentvolumesource', 'spec.persistentvolumesource is immutable after creation'),
      );
    if (object.spec?.volumeMode !== old.spec?.volumeMode)
      errors.push(invalidValue('volumeMode', object.spec?.volumeMode ?? null, 'field is immutable'));
    if (old.spec?.nodeAffinity && !semanticEqual(object.spec?.nodeAffinity, old.spec.nodeAffinity))
      errors.push(
        invalidValue(
          'nodeAffinity',
          object.spec?.nodeAffinity ?? null,
          'field is immutable, except for updating from beta label to GA',
        ),
      );
    return errors;
  },
});

function validateVolumeNodes({ required: nodes }: V1VolumeNodeAffinity, path: string): FieldError[] {
  if (!nodes) return [required(`${path}.required`, 'must specify required node constraints')];
  return validateNodeTerms(nodes.nodeSelectorTerms, `${path}.required.nodeSelectorTerms`);
}
