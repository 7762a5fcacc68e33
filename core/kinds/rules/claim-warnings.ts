// Warnings about claims, and about templates of them.

import type { V1PersistentVolumeClaimSpec } from '../../../generated/kubernetes.ts';
import { warnOfFractions } from './fractional-bytes.ts';

export function warnOfClaim({ resources }: V1PersistentVolumeClaimSpec, path: string): string[] {
  if (!resources) return [];
  return [
    ...warnOfFractions(resources.requests, ['storage'], `${path}.resources.requests`),
    ...warnOfFractions(resources.limits, ['storage'], `${path}.resources.limits`),
  ];
}

export const classAnnotation = 'volume.beta.kubernetes.io/storage-class';

/** The annotation that came before the field. */
export function warnOfClassAnnotation(annotations: { readonly [key: string]: string } | undefined): string[] {
  return annotations?.[classAnnotation] === undefined
    ? []
    : [`metadata.annotations[${classAnnotation}]: deprecated since v1.8; use "storageClassName" attribute instead`];
}
