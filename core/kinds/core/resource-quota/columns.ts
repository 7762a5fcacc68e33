// What `kubectl get` shows of ResourceQuotas.

import type { V1ResourceQuota } from '../../../../generated/kubernetes.ts';
import { ageColumn, nameColumn, text } from '../../../api/column.ts';
import type { Column } from '../../../api/definition.ts';
import { getOwn } from '../../../machinery/own.ts';

export const columns: readonly Column[] = [
  nameColumn,
  text<V1ResourceQuota>('Request', (quota) => used(quota, false)),
  text<V1ResourceQuota>('Limit', (quota) => used(quota, true)),
  ageColumn,
];

function used({ status }: V1ResourceQuota, limits: boolean): string {
  const hard = Object.entries(status?.hard ?? {}).filter(([name]) => name.startsWith('limits') === limits);
  return hard
    .map(([name, quantity]) => `${name}: ${getOwn(status?.used, name) ?? '0'}/${quantity}`)
    .sort()
    .join(', ');
}
