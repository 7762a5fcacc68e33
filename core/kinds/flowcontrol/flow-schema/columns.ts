// What `kubectl get` shows of FlowSchemas.

import type { V1FlowSchema } from '../../../../generated/kubernetes.ts';
import { ageColumn, integer, nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1FlowSchema>('PriorityLevel', ({ spec }) => spec?.priorityLevelConfiguration.name),
  integer<V1FlowSchema>('MatchingPrecedence', ({ spec }) => spec?.matchingPrecedence ?? 0),
  text<V1FlowSchema>('DistinguisherMethod', ({ spec }) => spec?.distinguisherMethod?.type ?? none),
  ageColumn,
  text<V1FlowSchema>('MissingPL', ({ status }) => {
    return status?.conditions?.find((each) => each.type === 'Dangling')?.status ?? '?';
  }),
];
