// What `kubectl get` shows of ComponentStatuses.

import type { V1ComponentStatus } from '../../../../generated/kubernetes.ts';
import { nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ComponentStatus>('Status', (status) => (health(status)?.status === 'True' ? 'Healthy' : 'Unhealthy')),
  text<V1ComponentStatus>('Message', (status) => health(status)?.message),
  text<V1ComponentStatus>('Error', (status) => health(status)?.error),
];

function health({ conditions }: V1ComponentStatus) {
  return conditions?.find((each) => each.type === 'Healthy');
}
