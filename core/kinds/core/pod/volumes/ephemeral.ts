// What a claim is bound to that is made for the pod alone (KEP-1698).

import type { V1PersistentVolumeClaimTemplate } from '../../../../../generated/kubernetes.ts';
import { type FieldError, forbiddenField } from '../../../../machinery/field-error.ts';
import { validateLabels } from '../../../../machinery/labels.ts';
import { validateAnnotations } from '../../../metadata/validate.ts';
import { validateClaimSpec } from '../../../rules/claim-spec.ts';
import { warnOfClaim } from '../../../rules/claim-warnings.ts';
import type { VolumeTypeOf } from './volume-type.ts';

export const ephemeral: VolumeTypeOf<'ephemeral'> = {
  needs: ['volumeClaimTemplate'],
  validate: ({ volumeClaimTemplate }, { path }) =>
    volumeClaimTemplate ? validateTemplate(volumeClaimTemplate, `${path}.volumeClaimTemplate`) : [],
  inline: {
    podSecurity: 'restricted',
    warnings({ volumeClaimTemplate }, path) {
      const claim = volumeClaimTemplate?.spec;
      return claim ? warnOfClaim(claim, `${path}.volumeClaimTemplate.spec`) : [];
    },
  },
};

/** Of its metadata the claim takes labels and annotations; the rest it has from its pod. */
function validateTemplate({ metadata = {}, spec }: V1PersistentVolumeClaimTemplate, path: string): FieldError[] {
  const { labels, annotations, ...others } = metadata;
  return [
    ...validateAnnotations(annotations ?? {}, `${path}.metadata.annotations`),
    ...validateLabels(labels, `${path}.metadata.labels`),
    ...Object.keys(others).map((field) => forbiddenField(`${path}.metadata.${field}`, 'cannot be set')),
    ...validateClaimSpec(spec ?? {}, `${path}.spec`),
  ];
}
