// What `kubectl get` shows of PodTemplates.

import type { V1PodTemplate } from '../../../../generated/kubernetes.ts';
import { labelsText, nameColumn, templateColumns, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  ...templateColumns<V1PodTemplate>(({ template }) => template).map((each) => ({ ...each, priority: 0 })),
  text<V1PodTemplate>('Pod Labels', ({ template }) => labelsText(template?.metadata?.labels)),
];
