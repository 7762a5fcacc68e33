// What `kubectl get` shows of PriorityLevelConfigurations.

import type { V1PriorityLevelConfiguration } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, none, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1PriorityLevelConfiguration>('Type', ({ spec }) => spec?.type),
  text<V1PriorityLevelConfiguration>('NominalConcurrencyShares', ({ spec }) =>
    String((spec?.limited ?? spec?.exempt)?.nominalConcurrencyShares ?? none),
  ),
  text<V1PriorityLevelConfiguration>('Queues', (level) => String(queuing(level)?.queues ?? none)),
  text<V1PriorityLevelConfiguration>('HandSize', (level) => String(queuing(level)?.handSize ?? none)),
  text<V1PriorityLevelConfiguration>('QueueLengthLimit', (level) => String(queuing(level)?.queueLengthLimit ?? none)),
  ageColumn,
];

function queuing({ spec }: V1PriorityLevelConfiguration) {
  return spec?.limited?.limitResponse?.queuing;
}
