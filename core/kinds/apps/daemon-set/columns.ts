// What `kubectl get` shows of DaemonSets.

import type { V1DaemonSet } from '../../../../generated/kubernetes.ts';
import {
  ageColumn,
  integer,
  labelsText,
  nameColumn,
  selectorText,
  templateColumns,
  text,
  wide,
} from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  integer<V1DaemonSet>('Desired', ({ status }) => status?.desiredNumberScheduled ?? 0),
  integer<V1DaemonSet>('Current', ({ status }) => status?.currentNumberScheduled ?? 0),
  integer<V1DaemonSet>('Ready', ({ status }) => status?.numberReady ?? 0),
  integer<V1DaemonSet>('Up-to-date', ({ status }) => status?.updatedNumberScheduled ?? 0),
  integer<V1DaemonSet>('Available', ({ status }) => status?.numberAvailable ?? 0),
  text<V1DaemonSet>('Node Selector', ({ spec }) => labelsText(spec?.template?.spec?.nodeSelector)),
  ageColumn,
  ...templateColumns<V1DaemonSet>(({ spec }) => spec?.template),
  wide(text<V1DaemonSet>('Selector', ({ spec }) => selectorText(spec?.selector))),
];
