// What `kubectl get` shows of LeaseCandidates.

import type { V1alpha2LeaseCandidate } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1alpha2LeaseCandidate>('LeaseName', ({ spec }) => spec?.leaseName),
  text<V1alpha2LeaseCandidate>('BinaryVersion', ({ spec }) => spec?.binaryVersion),
  text<V1alpha2LeaseCandidate>('EmulationVersion', ({ spec }) => spec?.emulationVersion),
  ageColumn,
];
