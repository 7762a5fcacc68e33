// PersistentVolumes.

import type { V1PersistentVolume } from '../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField, invalidValue, required } from '../../../machinery/field-error.ts';
import { semanticEqual } from '../../../machinery/semantic-equal.ts';
import { warnOfClassAnnotation } from '../../rules/claim-warnings.ts';
import { warnOfNodeTerm } from '../../rules/node-label-warnings.ts';
import { strategyFor } from '../../strategy.ts';
import { persistentSources } from '../pod/volumes/validate.ts';
import { warnOfGoneType } from '../pod/volumes/warnings.ts';
import { volumeHome } from './home.ts';
import { validateVolumeSpec } from './validate-spec.ts';

export const strategy = strategyFor<V1PersistentVolume>({
  groupOf: volumeHome,
  prepareForCreate(object) {
    object.status = { phase: 'Pending' };
  },
  validate: ({ metadata, spec }) => (spec ? validateVolumeSpec(spec, metadata.name ?? '', 'spec') : [required('spec')]),
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
    const errors: FieldError[] = [];
    if (!semanticEqual(sourceOf(object, old), sourceOf(old, old)))
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
    if (old.spec?.volumeAttributesClassName !== undefined && object.spec?.volumeAttributesClassName === undefined)
      errors.push(forbiddenField('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden'));
    return errors;
  },
});

/** What must stay; the secret for growing may come later. */
function sourceOf({ spec }: V1PersistentVolume, old: V1PersistentVolume): object | undefined {
  if (!spec) return undefined;
  if (!spec.csi || !old.spec?.csi || old.spec.csi.controllerExpandSecretRef) return persistentSources(spec);
  const { controllerExpandSecretRef: _later, ...csi } = spec.csi;
  return persistentSources({ ...spec, csi });
}
