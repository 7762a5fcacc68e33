// What `kubectl get` shows of Deployments.

import type { V1Deployment } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, selectorText, templateColumns, text, wide } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1Deployment>('Ready', ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
  integer<V1Deployment>('Up-to-date', ({ status }) => status?.updatedReplicas ?? 0),
  integer<V1Deployment>('Available', ({ status }) => status?.availableReplicas ?? 0),
  ageColumn,
  ...templateColumns<V1Deployment>(({ spec }) => spec?.template),
  wide(text<V1Deployment>('Selector', ({ spec }) => selectorText(spec?.selector))),
];
